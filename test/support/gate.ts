import { z } from "zod";
import type { Decision, RequestDraft } from "../../core/approval.js";
import { allowedFor, approvalIdOf, consequencesFor, NeedsPerson } from "../../core/approval.js";
import type { Json } from "../../core/digest.js";
import { digestOf } from "../../core/digest.js";
import type { AgentCard, Mission, Task } from "../../core/mission.js";
import type { PolicyText } from "../../core/policy.js";
import type { Clock, Store } from "../../core/ports.js";
import type { ApprovalRecord, EventRecord, RunRecord, Turn } from "../../core/records.js";
import type { Change, RunSession, Toolbox, ToolCall } from "../../core/session.js";
import type { Reconciled, ToolContext, ToolDefinition, ToolReply } from "../../core/tool.js";
import { TurnKeys } from "../../nodes/turns.js";
import { KillWatch } from "../../runtime/kill-watch.js";
import { createPolicies } from "../../runtime/policy/policies.js";
import { defineTool } from "../../tools/define-tool.js";
import { createGate } from "../../tools/gate.js";
import { createFakeServices } from "./fake-services.js";
import type { MissionParts } from "./missions.js";
import { missionOf } from "./missions.js";
import { runRecord, taskRecord } from "./records.js";

const LEASE_MS = 60_000;
const RUN_ID = "run-1";

/** Thrown by a session whose process is dead: nothing reaches the store any more. */
export class Crash extends Error {
  override readonly name = "Crash";
}

/** Where a session dies: at its n-th commit, either before that is on disk or right after. */
export interface CrashPoint {
  readonly commit: number;
  readonly isOnDisk: boolean;
}

/** A clock of the test's own, one millisecond later at each look, so that no two moments are equal. */
export function createClock(start = "2026-03-02T08:00:00Z"): Clock {
  let ms = Date.parse(start);
  return {
    now() {
      ms += 1;
      return new Date(ms);
    },
  };
}

/** One run under a lease, as far as the gate needs it: a mirror of turns and approvals over a real store. */
export class GateSession
  implements
    Pick<
      RunSession,
      "turn" | "commit" | "request" | "requests" | "runId" | "run" | "mission" | "stops" | "task" | "output" | "costs"
    >
{
  readonly stops: KillWatch;
  readonly runId: string;
  readonly run: RunRecord;
  readonly mission: Mission;
  /** Its task declares none; a test may say otherwise. */
  resources: Pick<RunSession["resources"], "guards"> = { guards: () => [] };
  /** Results that stand, as constraints read them. */
  readonly outputs = new Map<string, Json>();
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #turns: Map<string, Turn>;
  #approvals: ApprovalRecord[];
  #crash: CrashPoint | undefined;
  #commits = 0;
  #isDead = false;

  constructor(
    store: Store,
    clock: Clock,
    run: RunRecord,
    mission: Mission,
    rows: { turns: Turn[]; approvals: ApprovalRecord[] },
    crash?: CrashPoint,
  ) {
    this.runId = run.runId;
    this.run = run;
    this.mission = mission;
    this.#store = store;
    this.stops = new KillWatch(store.kills);
    this.#clock = clock;
    this.#turns = new Map(rows.turns.map((turn) => [keyOf(turn.taskId, turn.attempt, turn.key), turn]));
    this.#approvals = rows.approvals;
    this.#crash = crash;
  }

  turn(taskId: string, attempt: number, key: string): Turn | undefined {
    return this.#turns.get(keyOf(taskId, attempt, key));
  }

  get costs() {
    return { totalMicroUsd: [...this.#turns.values()].reduce((sum, turn) => sum + turn.costMicroUsd, 0) };
  }

  task(taskId: string) {
    return taskRecord(this.runId, taskId, this.outputs.has(taskId) ? { status: "done" } : {});
  }

  output(taskId: string): Json | undefined {
    return this.outputs.get(taskId);
  }

  async commit(change: Change): Promise<void> {
    this.#commits += 1;
    const dies = this.#crash?.commit === this.#commits;
    if (this.#isDead || (dies && !this.#crash?.isOnDisk)) throw this.#die();
    const now = this.#clock.now();
    await this.#store.commit({
      fence: this.run,
      statements: [
        ...(change.turns ?? []).flatMap((turn) => this.#store.journal.put(turn)),
        ...this.#store.approvals.markApplied(change.applied ?? [], now),
        ...(change.statements ?? []),
      ],
      events: (change.events ?? []).map((event) => ({ ...event, runId: this.runId })),
    });
    if (dies) throw this.#die();
    for (const turn of change.turns ?? []) this.#turns.set(keyOf(turn.taskId, turn.attempt, turn.key), turn);
    this.#approvals = this.#approvals.map((row) =>
      change.applied?.includes(row.approvalId) ? { ...row, appliedAt: now } : row,
    );
  }

  request(taskId: string, attempt: number, kind: RequestDraft["kind"], subject: string): ApprovalRecord | undefined {
    return this.#approvals.findLast(
      (row) => row.taskId === taskId && row.attempt === attempt && row.kind === kind && row.subject === subject,
    );
  }

  requests(): readonly ApprovalRecord[] {
    return this.#approvals;
  }

  /** Writes the request unless the same one is open. */
  async ask(draft: RequestDraft): Promise<ApprovalRecord> {
    const { kind, subject, taskId, attempt } = draft;
    const shown = {
      missionName: this.run.missionName,
      title: this.run.title,
      taskTitle: taskId,
      agentName: "",
      ...draft.shown,
      allowed: allowedFor(kind),
      consequences: consequencesFor(kind, draft.shown.proposed),
    };
    const digest = digestOf(shown);
    const known = this.request(taskId, attempt, kind, subject);
    if (known?.status === "pending" && known.digest === digest) return known;
    const round = this.#approvals.filter((row) => row.kind === kind && row.subject === subject).length;
    const now = this.#clock.now();
    const approval: ApprovalRecord = {
      ...{ approvalId: approvalIdOf({ runId: this.runId, taskId, attempt, kind, subject, round }), runId: this.runId },
      ...{ taskId, attempt, kind, subject, round, digest, shown, role: "approver", escalateTo: [], status: "pending" },
      ...{ createdAt: now, dueAt: new Date(now.getTime() + 60_000) },
    };
    await this.#store.commit({ fence: this.run, statements: this.#store.approvals.put(approval) });
    this.#approvals = [...this.#approvals, approval];
    return approval;
  }

  /** Records what a person says. */
  async decide(approval: ApprovalRecord, decision: Decision): Promise<void> {
    const { approvalId, digest } = approval;
    const now = this.#clock.now();
    await this.#store.commit({
      statements: this.#store.approvals.decide(approvalId, digest, decision, "Pat", true, now),
    });
    this.#approvals = await this.#store.approvals.list({ runId: this.runId });
  }

  /** Puts a request that a test has made up into the run. */
  async put(approval: ApprovalRecord): Promise<void> {
    await this.#store.commit({ fence: this.run, statements: this.#store.approvals.put(approval) });
    this.#approvals = [...this.#approvals, approval];
  }

  #die(): Crash {
    this.#isDead = true;
    return new Crash("The process is dead.");
  }
}

/** What a test says about a gate's world; everything has a default. */
export interface WorldOptions {
  // biome-ignore lint/suspicious/noExplicitAny: a list of tools holds tools of every input and output.
  readonly tools: readonly ToolDefinition<string, any, any>[];
  readonly store: Store;
  readonly clock?: Clock;
  readonly runId?: string;
  readonly caseId?: string;
  readonly crash?: CrashPoint;
  /** Of the run; it is not renewed. A minute unless told. */
  readonly leaseMs?: number;
  /** Waits until the lease of the process before is over, instead of taking the run as that of a dead one. */
  readonly waitsForLease?: boolean;
  /** The mission's own policies. */
  readonly missionPolicies?: readonly PolicyText[];
  /** The mission's own constraints, over its tasks T1 and T2. */
  readonly constraints?: MissionParts["constraints"];
  /** What the run may cost. */
  readonly budgetUsd?: number;
  /** The administrator's folder. */
  readonly policies?: string;
}

/** One process that works on a run: session and gate. A second world on the same store is the process after it. */
export interface World {
  readonly gate: Toolbox;
  readonly session: GateSession;
  /** The task that calls are made for, unless they say otherwise. */
  readonly task: Task;
  call(tool: string, args: Json, parts?: Partial<ToolCall>): Promise<ToolReply>;
  /** The request that the call ends with; fails when it ends otherwise. */
  asked(tool: string, args: Json, parts?: Partial<ToolCall>): Promise<ApprovalRecord>;
  events(type?: string): Promise<readonly EventRecord[]>;
}

/** Takes the run over from whoever had it, and opens a gate of its own. */
export async function openWorld(options: WorldOptions): Promise<World> {
  const { store, tools, clock = createClock(), runId = RUN_ID, caseId = "C1" } = options;
  const { missionPolicies, constraints, budgetUsd, leaseMs = LEASE_MS } = options;
  const mission = {
    ...missionOf({ tasks: [{ task_id: "T1" }, { task_id: "T2" }], ...(constraints && { constraints }) }),
    ...(missionPolicies && { policies: missionPolicies }),
    ...(budgetUsd !== undefined && { budgetUsd }),
  };
  const session = await openSession({ ...options, leaseMs, clock, runId, caseId, mission });
  const tool = (name: string) => tools.find((each) => each.name === name);
  const shelf = { tool, findTool: async (name: string) => tool(name) };
  const policies = createPolicies(async () => tools, options.policies);
  const gate = createGate({ tools: shelf, store, policies, clock, leaseMs, services: createFakeServices() });
  const [task] = session.mission.tasks;
  if (!task) throw new Error("The mission has no task.");
  const keys = new TurnKeys();
  const call: World["call"] = async (tool, args, parts = {}) =>
    gate.call(callOf(session, task, tools, keys, tool, args, parts));
  return {
    gate,
    session,
    task,
    call,
    async asked(tool, args, parts) {
      const draft = await call(tool, args, parts).then(
        (reply) => {
          throw new Error(`Nobody was asked; the reply was ${JSON.stringify(reply)}.`);
        },
        (error: unknown) => {
          if (error instanceof NeedsPerson) return error.request;
          throw error;
        },
      );
      return session.ask(draft);
    },
    async events(type) {
      return (await store.events.of(runId)).filter((event) => type === undefined || event.type === type);
    },
  };
}

async function openSession(
  options: Pick<WorldOptions, "store" | "crash" | "waitsForLease"> & {
    readonly leaseMs: number;
    readonly clock: Clock;
    readonly runId: string;
    readonly caseId: string;
    readonly mission: Mission;
  },
) {
  const { store, clock, runId, caseId, mission, crash, leaseMs } = options;
  const known = await store.runs.find(runId);
  if (!known) await store.commit({ statements: store.runs.create(runRecord(runId, { caseId })) });
  else if (!options.waitsForLease) await store.commit({ statements: store.runs.releaseLease(known) });
  else while (await store.runs.isHeld(runId)) await new Promise((go) => setTimeout(go, 20));
  await store.runs.takeLease(runId, `${process.pid}@test:${digestOf([runId, known?.fence ?? 0]).slice(0, 8)}`, leaseMs);
  const run = await store.runs.find(runId);
  if (!run) throw new Error(`Run ${runId} is gone.`);
  const rows = { turns: await store.journal.of(runId), approvals: await store.approvals.list({ runId }) };
  return new GateSession(store, clock, run, mission, rows, crash);
}

function callOf(
  session: GateSession,
  task: Task,
  tools: WorldOptions["tools"],
  keys: TurnKeys,
  tool: string,
  args: Json,
  parts: Partial<ToolCall>,
): ToolCall {
  const names = tools.map(({ name }) => name);
  return {
    // Safe: the gate uses what `GateSession` has, and its compiler-checked part says which members those are.
    session: session as unknown as RunSession,
    task,
    attempt: 1,
    agent: agentCard({ tools: names }),
    declared: names,
    tool,
    args,
    options: {},
    turnKey: parts.turnKey ?? keys.call(tool, args),
    signal: new AbortController().signal,
    ...parts,
  };
}

/** An agent that holds the given tools. */
export function agentCard(parts: Partial<AgentCard> = {}): AgentCard {
  return {
    id: "A1",
    slug: "worker",
    name: "Worker",
    description: "Works in tests.",
    tools: [],
    maxParallel: 4,
    skills: { work: "1" },
    ...parts,
  };
}

/** What a mail of the tests is made of. */
export const MailSchema = z.strictObject({ to: z.string().min(1), text: z.string().default("hello") });
/** How a test's mail tool behaves. */
export interface MailParts {
  readonly name?: string;
  readonly effect?: "writes" | "irreversible";
  readonly reach?: "own" | "outside";
  readonly idempotent?: boolean;
  readonly timeoutMs?: number;
  readonly dedupeScope?: "task" | "run" | "case" | "mission";
  readonly reconcile?: (
    key: string,
    args: z.output<typeof MailSchema>,
    context: ToolContext,
  ) => Promise<Reconciled<{ id: string }>>;
  readonly run?: (args: z.output<typeof MailSchema>, context: ToolContext) => Promise<{ id: string }>;
}

/** A tool with an effect: one mail for each recipient and case. What it does is the test's. */
export function mailTool(parts: MailParts = {}) {
  const { name = "send_mail", effect = "writes", reach = "own", reconcile, run = async () => ({ id: "m1" }) } = parts;
  return defineTool({
    name,
    description: "Sends a mail and returns its id. Not for drafts.",
    input: MailSchema,
    output: z.strictObject({ id: z.string() }),
    effect,
    reach,
    timeoutMs: parts.timeoutMs ?? 5_000,
    maxCostMicroUsd: 0,
    dedupeKey: ({ to }) => to,
    dedupeScope: parts.dedupeScope ?? "case",
    ...(parts.idempotent !== undefined && { idempotent: parts.idempotent }),
    ...(reconcile && { reconcile }),
    run,
  });
}

/** A tool that only reads. */
export function readTool(run: (args: { word: string }, context: ToolContext) => Promise<unknown>, timeoutMs = 5_000) {
  return defineTool({
    name: "look_up",
    description: "Looks a word up.",
    input: z.strictObject({ word: z.string().min(2), limit: z.int().max(9).default(3) }),
    output: z.strictObject({ found: z.string() }),
    effect: "reads",
    timeoutMs,
    maxCostMicroUsd: 0,
    // A test may return what the schema refuses.
    run: async (args, context) => (await run(args, context)) as { found: string },
  });
}

function keyOf(taskId: string, attempt: number, key: string): string {
  return `${taskId} ${attempt} ${key}`;
}
