import { randomUUID } from "node:crypto";
import { z } from "zod";
import type { AgentDefinition } from "../../core/define-agent.js";
import { defineAgent, definePlaybook, giveUp, valueFrom } from "../../core/define-agent.js";
import type { JsonObject } from "../../core/digest.js";
import type { ToolDefinition } from "../../core/tool.js";
import { payments } from "../../tools/connectors/payments.js";
import { defineTool } from "../../tools/define-tool.js";
import type { OutsideKind } from "./crash-outside.js";
import { missionDocument } from "./missions.js";

/** How the desk speaks to the counterpart. */
export interface SagaDesk {
  /** Of one world of the counterpart. */
  readonly url: string;
  readonly outside: OutsideKind;
  /** True for a desk that gives money back without a key, as nobody should: to show that the proof would find it. */
  readonly isKeyless?: boolean;
}

const Made = z.object({ id: z.string() });
const Found = z.object({ data: z.array(Made) });

/** Reserving a place, paying (our own connector) and a mail; the first two can be taken back. */
export function sagaTools(desk: SagaDesk): readonly ToolDefinition[] {
  const { outside } = desk;
  const found = (path: string, reference: string) =>
    ask(desk, `${path}?reference=${encodeURIComponent(reference)}`, Found);
  const make = (path: string, key: string, body: JsonObject) =>
    ask(desk, path, Made, { key: outside === "knows_keys" ? key : "", body: { ...body, reference: key } });
  const act = (path: string) => ({
    output: Made,
    timeoutMs: 10_000,
    maxCostMicroUsd: 0,
    dedupeScope: "case" as const,
    idempotent: outside === "knows_keys",
    ...(outside === "tells" && {
      async reconcile(key: string) {
        const [result] = (await found(path, key)).data;
        return result ? { outcome: "done" as const, result } : { outcome: "not_done" as const };
      },
    }),
  });
  const reserve = defineTool({
    ...act("/places"),
    name: "reserve_place",
    description: "Reserves a place. Returns its id.",
    input: z.strictObject({ to: z.string(), name: z.string() }),
    effect: "writes",
    reach: "own",
    dedupeKey: ({ to }) => to,
    run: ({ to, name }, { idempotencyKey }) => make("/places", idempotencyKey, { to, name }),
    async compensate(_args, _result, { actKey, idempotencyKey: key }) {
      await ask(desk, "/cancellations", Made, { key, body: { reference: actKey } });
    },
    remedy: "Call the desk and free the place.",
  });
  const mail = defineTool({
    ...act("/mails"),
    name: "confirm_by_mail",
    description: "Confirms the trip by mail. Returns the mail's id.",
    input: z.strictObject({ to: z.string(), name: z.string() }),
    effect: "irreversible",
    reach: "outside",
    dedupeKey: ({ to }) => to,
    run: ({ to, name }, { idempotencyKey }) => make("/mails", idempotencyKey, { to, name }),
    remedy: "Write that there is no trip.",
  });
  const paying = payments({ url: desk.url, allowHttp: true, allowPrivate: true });
  return [reserve, mail, ...(desk.isKeyless ? paying.map((tool) => keyless(tool, desk)) : paying)];
}

/** The same act with an undo that neither looks what was given back nor sends a key along that would say so. */
function keyless(tool: ToolDefinition, desk: SagaDesk): ToolDefinition {
  if (tool.name !== "pay") return tool;
  return {
    ...tool,
    async compensate(_args, result) {
      const { payment_id } = z.looseObject({ payment_id: z.string() }).parse(result);
      const body = { amount_cents: 100, currency: "USD" };
      await ask(desk, `/payments/${payment_id}/refunds`, Made, { key: randomUUID(), body });
    },
  };
}

async function ask<Schema extends z.ZodType>(
  { url }: SagaDesk,
  path: string,
  answer: Schema,
  act?: { readonly key: string; readonly body: JsonObject },
): Promise<z.output<Schema>> {
  const headers = { "content-type": "application/json", ...(act?.key && { "idempotency-key": act.key }) };
  const response = await fetch(`${url}${path}`, act ? { method: "POST", headers, body: JSON.stringify(act.body) } : {});
  const text = await response.text();
  if (response.ok) return answer.parse(JSON.parse(text));
  throw Object.assign(new Error(`The counterpart answered ${response.status}: ${text}`), { notDone: true });
}

const Kept = z.looseObject({});

const step = (skill: string, tool: string) =>
  definePlaybook({
    skill,
    version: "1",
    input: z.looseObject({ args: z.record(z.string(), z.json()) }),
    output: Kept,
    tools: [tool],
    async run(context, { args }) {
      return Kept.parse(valueFrom(await context.call(tool, args)));
    },
  });

const fileAway = definePlaybook({
  skill: "file_away",
  version: "1",
  input: z.looseObject({ name: z.string() }),
  output: Kept,
  tools: [],
  async run(_context, { name }) {
    if (name === "lost") throw giveUp("permanent", "There is no folder for it.");
    return {};
  },
});

/** The agent of the saga. */
export const travelDesk: AgentDefinition = defineAgent({
  agentId: "A21",
  slug: "travel-desk",
  name: "Travel Desk",
  description: "Books trips in the crash proofs.",
  tools: ["reserve_place", "pay", "confirm_by_mail"],
  skills: {
    reserve: step("reserve", "reserve_place"),
    pay_trip: step("pay_trip", "pay"),
    confirm: step("confirm", "confirm_by_mail"),
    file_away: fileAway,
  },
});

const TRIP = { flight: "free", hotel: "free", payee: "agency", mail: "traveller", folder: "trips" };
const argsOf = (cel: string) => ({ args: { cel } });

/** Flight, hotel, payment, mail, one after the other, and a last task that acts on nothing; each case fails at another step. */
export const SAGA_MISSION = missionDocument({
  mission_id: "M923",
  slug: "book-trip",
  mission_name: "Book a trip",
  agents: ["A21"],
  tasks: [
    { task_id: "flight", skill: "reserve", inputs: argsOf("{'to': 'flight', 'name': case.flight}") },
    { task_id: "hotel", skill: "reserve", inputs: argsOf("{'to': 'hotel', 'name': case.hotel}") },
    {
      task_id: "pay",
      skill: "pay_trip",
      inputs: argsOf("{'payee': case.payee, 'amount_cents': 45000, 'currency': 'USD', 'reference': case.case_id}"),
    },
    { task_id: "mail", skill: "confirm", inputs: argsOf("{'to': 'traveller', 'name': case.mail}") },
    { task_id: "file", skill: "file_away", inputs: { name: "case.folder" } },
  ].map((task, index, all) => ({
    ...task,
    depends_on: all.slice(index - 1, index).map(({ task_id }) => task_id),
    on_failure: "stop" as const,
    retry: { attempts: 2, first_delay_seconds: 0 },
  })),
  cases: {
    id: "case_id",
    title: "case.case_id",
    items: [
      { ...TRIP, case_id: "all goes well" },
      { ...TRIP, case_id: "no flight", flight: "full" },
      { ...TRIP, case_id: "no hotel", hotel: "full" },
      { ...TRIP, case_id: "no payment", payee: "declined" },
      { ...TRIP, case_id: "no mail", mail: "nobody" },
      { ...TRIP, case_id: "cancelled before its mail" },
      { ...TRIP, case_id: "failed when all was done", folder: "lost" },
      { ...TRIP, case_id: "failed, and the hotel frees nothing by code", hotel: "stubborn", mail: "nobody" },
    ],
  },
});
