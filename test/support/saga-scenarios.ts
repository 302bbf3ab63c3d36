import type { Decision } from "../../core/approval.js";
import type { Json } from "../../core/digest.js";
import type { ApprovalRecord } from "../../core/records.js";
import type { Outside, OutsideKind } from "./crash-outside.js";
import type { Scenario } from "./crash-scenarios.js";
import type { SagaAct } from "./saga-counterpart.js";

/** A trip that fails at one of its steps, and what the counterpart must have done by its end, in this order. */
export interface Saga extends Scenario {
  readonly history: readonly string[];
}

const BOOKED = ["reserve flight", "reserve hotel", "pay agency", "mail traveller"];
const TAKEN_BACK = ["refund agency", "cancel hotel", "cancel flight"];
const HISTORIES = {
  "all goes well": BOOKED,
  "no flight": [],
  "no hotel": [...BOOKED.slice(0, 1), ...TAKEN_BACK.slice(2)],
  "no payment": [...BOOKED.slice(0, 2), ...TAKEN_BACK.slice(1)],
  "no mail": [...BOOKED.slice(0, 3), ...TAKEN_BACK],
  "cancelled before its mail": [...BOOKED.slice(0, 3), ...TAKEN_BACK],
  "failed when all was done": [...BOOKED, ...TAKEN_BACK],
  "failed, and the hotel frees nothing by code": [
    ...BOOKED.slice(0, 3),
    "refund agency",
    "cancel flight",
    "cancel hotel",
  ],
};
type Trip = keyof typeof HISTORIES;

/** A trip with people who agree to every act, look when they are asked what happened, and take back by hand what code cannot. */
export function sagaOf(trip: Trip, outside: OutsideKind): Saga {
  return {
    name: `${trip}, ${outside}`,
    mission: "book-trip",
    caseRef: trip,
    outside,
    ends: endOf(trip),
    history: HISTORIES[trip],
    decide: (request, world) => {
      if (request.kind === "in_doubt") return lookUp(request, world);
      if (request.kind === "question") return takeBack(request, world);
      return endOf(trip) === "cancelled" && request.taskId === "mail" ? "cancel" : { type: "approve" };
    },
  };
}

function endOf(trip: Trip) {
  if (trip === "all goes well") return "completed";
  return trip === "cancelled before its mail" ? "cancelled" : "failed";
}

/** Every trip, and every kind of outside. */
export const SAGAS: readonly Saga[] = (["tells", "knows_keys", "silent"] as const).flatMap((outside) =>
  // Safe: the names of the histories.
  (Object.keys(HISTORIES) as Trip[]).map((trip) => sagaOf(trip, outside)),
);

/** The same with a person who says without looking that nothing happened: to show that the proof would find it. */
export const GUESSED_SAGA: Saga = {
  ...sagaOf("no mail", "silent"),
  name: "no mail, with somebody who guesses",
  decide: ({ kind }) => ({ type: kind === "in_doubt" ? "reject" : "approve" }),
};

/** The same with an undo that is another one each time. */
export const KEYLESS_SAGA: Saga = { ...sagaOf("no mail", "tells"), name: "no mail, without a key", isKeyless: true };

function lookUp({ shown }: ApprovalRecord, world: Outside): Decision {
  const { tool, args } = shown.subject as { tool: string; args: { to?: string } }; // safe: what the gate shows of a doubt
  const to = args.to ?? "agency";
  const acts: readonly SagaAct[] = world.acts();
  const found = acts.find((act) => act.to === to && !["cancel", "refund"].includes(act.tool));
  return found ? { type: "approve", answer: resultOf(tool, found) } : { type: "reject" };
}

function resultOf(tool: string, { answer = {} }: SagaAct): Json {
  if (tool !== "pay") return answer;
  const { id = null, status = null, amount_cents = null, currency = null } = answer;
  return { payment_id: id, status, amount_cents, currency };
}

/** Once, whoever asks again. */
function takeBack({ shown }: ApprovalRecord, world: Outside): Decision {
  const { tool, args } = shown.subject as { tool: string; args: { to: string } }; // safe: what the question about an undo shows
  if (tool === "confirm_by_mail") return { type: "reject", comment: "They know." };
  if (!world.has({ tool: "cancel", to: args.to })) world.add({ tool: "cancel", to: args.to, key: "by hand" });
  return { type: "answer", answer: "Called them." };
}
