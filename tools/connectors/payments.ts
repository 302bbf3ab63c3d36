import { z } from "zod";
import { ONE_LINE } from "../../core/one-line.js";
import type { ToolDefinition } from "../../core/tool.js";
import { defineTool } from "../define-tool.js";
import { made } from "./factory.js";
import type { Provider } from "./provider-client.js";
import { createProvider, PROVIDER_OPTIONS } from "./provider-client.js";
import { notFound, notUnderstood } from "./provider-error.js";

/** A hundred million of a currency's main unit; what may be paid is the policy's. */
const MAX_CENTS = 10_000_000_000;
const line = (max: number) => z.string().min(1).max(max).regex(ONE_LINE, "one line, without control characters");

const OptionsSchema = z.strictObject({
  ...PROVIDER_OPTIONS,
  /** What may be paid in, and the dollars that one of each is worth to policy: `{ USD: 1, EUR: 1.2 }`; default dollars only. */
  usdPer: z
    .record(
      z.string().refine(isOfHundredCents, { error: "a currency code of hundred cents, such as USD" }),
      z.number().positive().max(1_000),
    )
    .refine((rates) => Object.keys(rates).length > 0, { error: "at least one currency" })
    .refine((rates) => (rates["USD"] ?? 1) === 1, { error: "a dollar is worth one dollar" })
    .default({ USD: 1 }),
});

/** Where payments are made, with which key, and in which currencies. */
export type PaymentsOptions = z.input<typeof OptionsSchema>;
type Settings = z.output<typeof OptionsSchema>;

const PaymentSchema = z.object({
  id: z.string().min(1).max(200),
  status: z.enum(["pending", "paid"]),
  payee: z.string(),
  amount_cents: z.int(),
  currency: z.string(),
  reference: z.string(),
});
const RefundSchema = z.object({ id: z.string().min(1).max(200), payment_id: z.string(), amount_cents: z.int() });

/**
 * The tools `pay` and `refund_payment`, over a provider that keeps one payment and one refund for an idempotency key:
 *
 *     POST /payments                 { payee, amount_cents, currency, reference } → { id, status, … }
 *     POST /payments/<id>/refunds    { amount_cents, currency } → { id, payment_id, amount_cents }
 *     GET  /payments?idempotency_key=<key>, GET /refunds?idempotency_key=<key> → { data: [ it, or nothing ] }
 *     GET  /payments/<id>/refunds → { data: [ all of them ] }
 *
 * What is not found may still be on its way: then it is asked for again under the same key, and never called not done.
 * The engine's key is sent as `Idempotency-Key`; 409 is a key that is known with other arguments. `startSandboxProvider`
 * speaks the same. Throws `config_invalid`.
 */
export function payments(options: PaymentsOptions): readonly ToolDefinition[] {
  return made("payments", OptionsSchema, options, (settings) => {
    const provider = createProvider(settings);
    return [pay(settings, provider), refundPayment(settings, provider)];
  });
}

function pay({ timeoutMs, usdPer }: Settings, provider: Provider) {
  const input = z.strictObject({
    payee: line(200),
    amount_cents: z.int().min(1).max(MAX_CENTS),
    currency: z.enum(Object.keys(usdPer)),
    /** What is paid, such as the number of an invoice: it is paid once to this payee. */
    reference: line(140),
  });
  const output = z.strictObject({
    payment_id: z.string(),
    status: z.enum(["pending", "paid"]),
    amount_cents: z.int(),
    currency: z.string(),
  });
  type Args = z.output<typeof input>;
  const resultOf = (payment: z.output<typeof PaymentSchema>, args: Args) => {
    assertSame("payment", payment, args, ["payee", "amount_cents", "currency", "reference"]);
    const { id, status, amount_cents, currency } = payment;
    return { payment_id: id, status, amount_cents, currency };
  };
  return defineTool({
    name: "pay",
    description:
      "Pays an amount in cents to a payee and returns the payment's id. One payment for each payee and reference within " +
      "a case; given back when its run does not complete. Not for amounts that nobody has checked.",
    input,
    output,
    effect: "writes",
    reach: "outside",
    amountUsd: (args) => dollarsOf(args, usdPer),
    timeoutMs,
    maxCostMicroUsd: 0,
    idempotent: true,
    dedupeKey: ({ payee, reference }) => JSON.stringify([payee, reference]),
    dedupeScope: "case",

    async reconcile(key, args, { signal }) {
      const found = await provider.find("/payments", { key, answer: PaymentSchema, signal });
      return found ? { outcome: "done", result: resultOf(found, args) } : { outcome: "unknown" };
    },

    async compensate({ amount_cents: paid, currency }, result, { actKey, idempotencyKey: key, signal }) {
      const refund = { answer: RefundSchema, signal };
      if (await provider.find("/refunds", { key, ...refund })) return;
      const made =
        result?.payment_id ?? (await provider.find("/payments", { key: actKey, answer: PaymentSchema, signal }))?.id;
      if (made === undefined) throw notFound("the payment whose answer was lost");
      const earlier = await provider.list(refundsOf(made), refund);
      const amount_cents = earlier.reduce((rest, given) => rest - given.amount_cents, paid);
      if (amount_cents > 0) await provider.act(refundsOf(made), { key, body: { amount_cents, currency }, ...refund });
    },

    remedy: "Ask the payee or the provider to give the payment back.",

    async run(args, { idempotencyKey: key, signal }) {
      return resultOf(await provider.act("/payments", { key, body: args, answer: PaymentSchema, signal }), args);
    },
  });
}

function refundPayment({ timeoutMs, usdPer }: Settings, provider: Provider) {
  const input = z.strictObject({
    payment_id: line(200),
    amount_cents: z.int().min(1).max(MAX_CENTS),
    currency: z.enum(Object.keys(usdPer)),
    /** Why; a second refund of the same payment for another reason is another act. */
    reason: line(140),
  });
  type Args = z.output<typeof input>;
  const resultOf = (refund: z.output<typeof RefundSchema>, args: Args) => {
    assertSame("refund", refund, args, ["payment_id", "amount_cents"]);
    return { refund_id: refund.id, payment_id: refund.payment_id, amount_cents: refund.amount_cents };
  };
  return defineTool({
    name: "refund_payment",
    description:
      "Gives back a payment or a part of it, in cents, and returns the refund's id. One refund for each payment and reason " +
      "within a case; it cannot be taken back. Not for payments that we did not make.",
    input,
    output: z.strictObject({ refund_id: z.string(), payment_id: z.string(), amount_cents: z.int() }),
    effect: "irreversible",
    reach: "outside",
    amountUsd: (args) => dollarsOf(args, usdPer),
    timeoutMs,
    maxCostMicroUsd: 0,
    idempotent: true,
    remedy: "Pay the amount anew if it is still owed.",
    dedupeKey: ({ payment_id, reason }) => JSON.stringify([payment_id, reason]),
    dedupeScope: "case",

    async reconcile(key, args, { signal }) {
      const found = await provider.find("/refunds", { key, answer: RefundSchema, signal });
      return found ? { outcome: "done", result: resultOf(found, args) } : { outcome: "unknown" };
    },

    async run(args, { idempotencyKey: key, signal }) {
      const { payment_id, amount_cents, currency } = args;
      return resultOf(
        await provider.act(refundsOf(payment_id), {
          key,
          body: { amount_cents, currency },
          answer: RefundSchema,
          signal,
        }),
        args,
      );
    },
  });
}

function refundsOf(paymentId: string): string {
  return `/payments/${encodeURIComponent(paymentId)}/refunds`;
}

/** What policy weighs. */
function dollarsOf(
  { amount_cents, currency }: { readonly amount_cents: number; readonly currency: string },
  usdPer: Settings["usdPer"],
): number {
  const rate = usdPer[currency];
  if (rate === undefined) throw new Error(`${currency} is not among the currencies that may be paid in.`);
  return (amount_cents * rate) / 100;
}

/** Throws when the provider speaks of something else than was asked of it: then nobody can say what was done. */
function assertSame<Name extends string>(
  what: string,
  found: Readonly<Record<Name, unknown>>,
  asked: Readonly<Record<Name, unknown>>,
  names: readonly Name[],
): void {
  const other = names.find((name) => found[name] !== asked[name]);
  if (other !== undefined) throw notUnderstood(`its ${what} has ${other} ${String(found[other])}`);
}

function isOfHundredCents(code: string): boolean {
  if (!/^[A-Z]{3}$/u.test(code)) return false;
  const { maximumFractionDigits } = new Intl.NumberFormat("en", {
    style: "currency",
    currency: code,
  }).resolvedOptions();
  return maximumFractionDigits === 2;
}
