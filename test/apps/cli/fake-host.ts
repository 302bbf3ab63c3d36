import { call } from "../../../apps/cli/call.js";
import type { Host } from "../../../apps/cli/io.js";
import type { Answer, Person } from "../../../apps/cli/person.js";
import type { Decision } from "../../../core/approval.js";
import type { MissionEvent } from "../../../core/event.js";
import type { ApprovalView, MissionView, OrchestratorApi } from "../../../core/views.js";
import { NOW, outcome, statusView } from "./samples.js";

/** What one call of the command line came to. */
export interface Called {
  readonly code: number;
  readonly out: string;
  readonly err: string;
  /** The one JSON document on the output; throws when it is not exactly one. */
  readonly json: unknown;
  readonly stores: readonly (string | undefined)[];
}

/** Calls the command line with a fake orchestrator; what is not faked throws. */
export async function callCli(
  args: readonly string[],
  api: Partial<OrchestratorApi> = {},
  parts: Partial<Host> = {},
): Promise<Called> {
  const [out, err, stores]: [string[], string[], (string | undefined)[]] = [[], [], []];
  const host: Host = {
    out: (text) => void out.push(text),
    err: (text) => void err.push(text),
    isTerminal: false,
    hasColors: false,
    columns: 100,
    rows: 24,
    command: "mission",
    folder: "/nowhere",
    now: () => NOW,
    storeOfEnvironment: async () => undefined,
    open: async (store) => {
      stores.push(store);
      return createFakeOrchestrator(api);
    },
    onInterrupt: () => () => undefined,
    isHeard: () => true,
    onUnheard: () => () => undefined,
    person: async () => {
      throw new Error("Nobody is here.");
    },
    ...parts,
  };
  const code = await call(args, host, "9.9.9");
  return {
    code,
    out: out.join(""),
    err: err.join(""),
    stores,
    get json(): unknown {
      return JSON.parse(out.join(""));
    },
  };
}

/** An orchestrator of which only the given methods work; it has no events unless told. */
function createFakeOrchestrator(api: Partial<OrchestratorApi>): OrchestratorApi {
  const absent = (name: string) => async () => {
    throw new Error(`The test did not expect ${name}.`);
  };
  return {
    list: absent("list"),
    mission: async (ref) => missionView(ref),
    verify: absent("verify"),
    cases: absent("cases"),
    start: absent("start"),
    resume: absent("resume"),
    decide: absent("decide"),
    cancel: absent("cancel"),
    status: async () => statusView(),
    runs: absent("runs"),
    approvals: absent("approvals"),
    approval: absent("approval"),
    report: absent("report"),
    kill: { on: absent("kill.on"), off: absent("kill.off"), list: async () => ({ on: [], acts: [] }) },
    insight: {} as OrchestratorApi["insight"], // safe: a test gives what it expects to be called
    events: () => eventsOf([]),
    drain: async () => undefined,
    close: async () => undefined,
    ...api,
  };
}

/** The given events, and no more. */
export async function* eventsOf(events: readonly MissionEvent[]): AsyncGenerator<MissionEvent> {
  yield* events;
}

export function event(parts: Partial<MissionEvent>): MissionEvent {
  return { type: "task_done", run_id: "run1", at: NOW.toISOString(), line: "task done", data: {}, ...parts };
}

function missionView(ref: string): MissionView {
  const mission: MissionView["mission"] = {
    id: "M001",
    slug: ref,
    name: "Reduce Customer Onboarding Time",
    description: "Optimize steps required to onboard new customers.",
    cases: { id: "customer_id", title: "case.name" },
    kpis: [
      {
        id: "onboarding_time_days",
        unit: "days",
        direction: "lower",
        baseline: 5,
        target: 2,
        source: "the dataset",
        known: "at_end",
      },
    ],
    limits: [{ id: "max_steps", op: "<=", value: 5, known: "at_end" }],
    blackboard: { customer: { schema: {}, merge: "once" } },
    tasks: [
      {
        id: "T1",
        title: "Collect customer information",
        order: 1,
        skill: "collect_customer_information",
        dependsOn: [],
        reads: [],
        writes: ["customer"],
        when: "case.country != 'XX'",
        retry: { attempts: 5, firstDelayMs: 2000 },
        deadlineMs: 600_000,
        onFailure: { task: "T9" },
        checks: [],
        approval: { unless: "output.ok" },
        estimatedMinutes: 5,
        requiresHumanApproval: false,
        agents: ["A1"],
      },
    ],
    agents: [
      {
        id: "A1",
        slug: "data-collection-agent",
        name: "Data Collection Agent",
        description: "Collects.",
        tools: ["read_record"],
        maxParallel: 4,
        skills: {},
      },
    ],
    review: [],
    approvals: { role: "approver", dueMinutes: 240, escalateTo: [] },
    budgetUsd: 5,
    maxParallel: 8,
    maxReviewRounds: 2,
    datasetTasks: ["T1"],
  };
  return { mission, version: "0123456789abcdef", file: "missions/customer-onboarding.json" };
}

/** A person who gives these answers in turn and remembers what was shown; says yes to every offer. */
export class FakePerson implements Person {
  readonly shown: { approval: ApprovalView; position: string }[] = [];
  readonly #answers: Answer[];

  constructor(answers: readonly (Decision | "later" | "leave")[]) {
    this.#answers = answers.map((answer) =>
      typeof answer === "string" ? { kind: answer } : { kind: "decided", decision: answer },
    );
  }

  async ask(approval: ApprovalView, position = ""): Promise<Answer> {
    this.shown.push({ approval, position });
    return this.#answers.shift() ?? { kind: "leave" };
  }

  async confirm(): Promise<boolean> {
    return true;
  }
}

/** Runs that wait for the given approvals, in memory: deciding the last one completes the run. */
export function waitingRuns(approvals: readonly ApprovalView[]): Pick<
  OrchestratorApi,
  "start" | "decide" | "status" | "approval"
> & {
  readonly decided: { id: string; decision: Decision; by: string | undefined }[];
} {
  const open = new Map(approvals.map((approval) => [approval.approval_id, approval]));
  const decided: { id: string; decision: Decision; by: string | undefined }[] = [];
  const ofRun = (runId: string) => [...open.values()].filter(({ run_id }) => run_id === runId);
  const statusFor = (runId: string) => (ofRun(runId).length > 0 ? "waiting" : "completed");
  const first = approvals[0]?.run_id ?? "run1";
  return {
    decided,
    start: async () => outcome({ run_id: first, status: statusFor(first), approvals: ofRun(first) }),
    approval: async (id) => open.get(id) ?? (approvals[0] as ApprovalView), // safe: tests give at least one
    status: async (runId) => statusView({ run_id: runId, status: statusFor(runId), approvals: ofRun(runId) }),
    async decide(id, { decision, by }) {
      const approval = open.get(id);
      if (!approval) throw new Error(`${id} is not open.`);
      decided.push({ id, decision, by });
      open.delete(id);
      return {
        approval_id: id,
        run_id: approval.run_id,
        title: approval.title,
        status: "approved",
        decided_by: by ?? "local:tester",
        run_status: statusFor(approval.run_id),
        continued: "here",
        note: null,
      };
    },
  };
}
