import type { Decision } from "../../core/approval.js";
import type { ApprovalRecord, Dispatch } from "../../core/records.js";
import type { Outside, OutsideKind } from "./crash-outside.js";

/** One run and the people around it: what they decide follows from what is asked and from what is true outside. */
export interface Scenario {
  readonly name: string;
  readonly mission: string;
  readonly caseRef?: string;
  readonly outside: OutsideKind;
  /** True where the mission lives by time: else the clock stands still and figures are exactly equal. */
  readonly isTimed?: boolean;
  /** Who runs it: the orchestrator, or a script that invokes the graph itself. */
  readonly by?: "script";
  readonly dispatch?: Dispatch;
  /** How it ends; default completed. */
  readonly ends?: "completed" | "failed" | "cancelled";
  /** Where the counterpart listens; without it the desk of the booking saga has no tools, and missions act in our own tables. */
  readonly counterpart?: string;
  /** True for missions whose tools do not ask the counterpart what was done. */
  readonly isForgetful?: boolean;
  /** True for a desk whose undo of a payment is another one each time. */
  readonly isKeyless?: boolean;
  readonly decide: (request: ApprovalRecord, outside: Outside) => Decision | "cancel";
}

/** Answers from this list by task; the rest is approved, and what is in doubt is looked up. */
function people(
  answers: Readonly<Record<string, Decision | ((request: ApprovalRecord) => Decision | "cancel")>> = {},
): Scenario["decide"] {
  return (request, outside) => {
    if (request.kind === "in_doubt") return lookUp(request, outside);
    const answer = answers[request.taskId];
    if (answer === undefined) return { type: "approve" };
    return typeof answer === "function" ? answer(request) : answer;
  };
}

/** Whoever is asked "did this happen?" goes and looks. */
function lookUp({ shown }: ApprovalRecord, outside: Outside): Decision {
  const { tool, args } = shown.subject as { tool: string; args: { to: string } }; // safe: what the gate shows of a doubt about our tools
  const isDone = outside.has({ tool, to: args.to });
  return isDone ? { type: "approve", answer: { receipt: `${tool} to ${args.to}` } } : { type: "reject" };
}

const APPLICATION = { email: "office@brightwater.example", registration_number: "09876543" };
const STEPS = { steps: ["Ask for a screenshot."] };
const BETTER = { type: "reject", comment: "Say it in fewer words." } as const;
const edited = ({ shown }: ApprovalRecord): Decision => {
  const subject = shown.subject as { subject: string }; // safe: a drafted message has a subject line
  return { type: "edit", edited: { ...subject, subject: `${subject.subject} (looked over)` } };
};
const scenario = (mission: string, caseRef: string, decide = people()): Scenario => ({
  name: `${mission} on ${caseRef}`,
  mission,
  caseRef,
  outside: "tells",
  decide,
});

/** The three missions: their first cases, one with a no before the yes and one with an edit, and cases that end in a question. */
export const MISSIONS: readonly Scenario[] = [
  scenario("customer-onboarding", "C-1001"),
  scenario(
    "sales-pipeline",
    "D-1001",
    people({ T5: (request) => (request.attempt === 1 ? BETTER : { type: "approve" }) }),
  ),
  scenario("support-resolution", "TK-1001", people({ T8: edited })),
];

/** A mission whose tools take every lost act for one that was not done: to show that the proof would find it. */
export const FORGETFUL: Scenario = {
  ...scenario("customer-onboarding", "C-1001"),
  name: "customer-onboarding on C-1001, with tools that do not ask",
  isForgetful: true,
};

export const BAD_CASES: readonly Scenario[] = [
  scenario("customer-onboarding", "C-1002", people({ T1: { type: "answer", answer: APPLICATION } })),
  scenario(
    "support-resolution",
    "TK-1009",
    people({ T6: { type: "answer", answer: "access" }, T7: { type: "answer", answer: STEPS } }),
  ),
  {
    ...scenario("sales-pipeline", "D-1002", people({ T5: () => "cancel" })),
    name: "sales-pipeline on D-1002, cancelled",
    ends: "cancelled",
  },
];

/** Every pattern, with the cases that show it. */
export const PATTERNS: readonly Scenario[] = [
  scenario("pattern-aggregation", "reversed"),
  scenario("pattern-barrier", "all-arrive"),
  { ...scenario("pattern-barrier", "one-late"), isTimed: true },
  scenario("pattern-fork-join", "prices"),
  scenario("pattern-handoff", "fits"),
  { ...scenario("pattern-handoff", "breaks"), ends: "failed" },
  scenario("pattern-map-reduce", "poem"),
  scenario("pattern-quorum", "two-of-three"),
  { ...scenario("pattern-quorum", "one-of-three"), ends: "failed" },
  scenario("pattern-routing", "refund"),
  scenario("pattern-scatter-gather", "south"),
  scenario("pattern-sequential", "recovers"),
  scenario("pattern-threshold", "at-1000"),
  scenario("pattern-timeout", "cut"),
];

const OUTSIDE_NAMES = {
  tells: "tells what was done",
  knows_keys: "knows the keys it has seen",
  silent: "tells nothing",
};

/** Acts on the outside, in the three ways that their outcome can be found out. */
export const OUTSIDE_SCENARIOS: readonly Scenario[] = (["tells", "knows_keys", "silent"] as const).map((outside) => ({
  name: `acts on an outside that ${OUTSIDE_NAMES[outside]}`,
  mission: "outside-acts",
  outside,
  decide: people(),
}));

/** Asks beside a task that works until it is let go. */
export const ASKING: Scenario = {
  name: "asks beside work",
  mission: "asks-beside-work",
  outside: "tells",
  decide: people(),
};

const MENDED = { value: 5, attempt: 1 };
/** Everything else that goes wrong in a run. */
export const TROUBLED: Scenario = {
  name: "all goes wrong",
  mission: "all-goes-wrong",
  outside: "tells",
  decide: (request) => {
    if (request.kind === "question") return { type: "answer", answer: request.taskId === "dead" ? MENDED : "red" };
    return request.kind === "task_result" && request.attempt === 1 ? BETTER : { type: "approve" };
  },
};

/** Acts on an outside that tells nothing, with a person who answers a doubt without looking: to show that the proof would find it. */
export const GUESSING: Scenario = {
  name: "acts on an outside that tells nothing, with somebody who guesses",
  mission: "outside-acts",
  outside: "silent",
  decide: (request) => (request.kind === "in_doubt" ? { type: "reject" } : { type: "approve" }),
};

/** The same runs in a script of somebody's own, wave by wave, and dataflow in a script. */
export const SCRIPTED: readonly Scenario[] = [...MISSIONS.slice(2), ...OUTSIDE_SCENARIOS.slice(0, 1), TROUBLED].flatMap(
  (scenario) =>
    (["stepwise", "dataflow"] as const).map((dispatch) => ({
      ...scenario,
      name: `${scenario.name}, ${dispatch} in a script`,
      by: "script" as const,
      dispatch,
    })),
);

/** Every scenario that a process of its own can be told to run, by its name. */
export const SCENARIOS: readonly Scenario[] = [...MISSIONS, FORGETFUL, ...OUTSIDE_SCENARIOS, ASKING];
