import { z } from "zod";
import type { Json, JsonObject } from "../../core/digest.js";
import { canonicalJson } from "../../core/digest.js";

const AmountSchema = z.strictObject({ amount_cents: z.int().positive(), currency: z.string().length(3) });
const PaymentSchema = AmountSchema.extend({ payee: z.string().min(1), reference: z.string() });
const MessageSchema = z.strictObject({ to: z.string().min(1), text: z.string().min(1) });

/** Something that was done under a key. */
export interface Kept {
  readonly key: string;
  readonly record: JsonObject & { readonly id: string };
}

/** An answer of the sandbox, before it is sent. */
export interface SandboxAnswer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: Json;
}

type Book = "payments" | "refunds" | "messages";
type Made = { readonly book: Book; readonly record: JsonObject } | SandboxAnswer;

/** What the sandbox keeps: each act once for its key, as long as the process lives. */
export class SandboxBooks {
  readonly kept: Readonly<Record<Book, Kept[]>> = { payments: [], refunds: [], messages: [] };
  readonly #asked = new Map<string, { readonly digest: string; readonly answer: SandboxAnswer }>();

  /** Does an act; the same one again is answered as before, another one under the same key with 409. */
  act(path: string, key: string, body: Json): SandboxAnswer {
    if (key === "") return refusal(400, "The header Idempotency-Key is missing.");
    const digest = canonicalJson([path, body]);
    const known = this.#asked.get(key);
    if (known) return known.digest === digest ? known.answer : refusal(409, "The key was used for something else.");
    const made = this.#make(path, body);
    if ("status" in made) return made;
    const list = this.kept[made.book];
    const record = { id: `${made.book.slice(0, -1)}-${list.length + 1}`, ...made.record };
    list.push({ key, record });
    const answer = { status: 201, body: record };
    this.#asked.set(key, { digest, answer });
    return answer;
  }

  /** A whole book, or what is in it under a key; and the refunds of a payment. */
  look(path: string, key: string | null): SandboxAnswer {
    const paymentId = refundedIn(path);
    if (paymentId !== undefined) return { status: 200, body: { data: this.#refundsOf(paymentId) } };
    const book = path.slice(1);
    if (!isBook(book)) return refusal(404, "There are /payments, /refunds and /messages.");
    const found = this.kept[book].filter((each) => key === null || each.key === key);
    return { status: 200, body: { data: found.map(({ record }) => record) } };
  }

  #make(path: string, body: Json): Made {
    const refunded = refundedIn(path);
    if (refunded !== undefined) return this.#refund(refunded, body);
    if (path === "/payments") return payment(body);
    if (path !== "/messages") return refusal(404, "There are /payments, /payments/<id>/refunds and /messages.");
    const message = MessageSchema.safeParse(body);
    if (!message.success) return refusal(400, "A message has to and text.");
    return { book: "messages", record: { status: "sent", ...message.data } };
  }

  #refund(paymentId: string, body: Json): Made {
    const amount = AmountSchema.safeParse(body);
    if (!amount.success) return refusal(400, "A refund has amount_cents and currency.");
    const paid = this.kept.payments.find(({ record }) => record.id === paymentId)?.record;
    if (!paid || paid["currency"] !== amount.data.currency) return refusal(404, "There is no such payment.");
    const given = this.#refundsOf(paymentId).reduce((sum, record) => sum + Number(record["amount_cents"]), 0);
    if (given + amount.data.amount_cents > Number(paid["amount_cents"])) return refusal(422, "More than was paid.");
    return { book: "refunds", record: { payment_id: paymentId, ...amount.data } };
  }

  #refundsOf(paymentId: string): JsonObject[] {
    return this.kept.refunds.map(({ record }) => record).filter((record) => record["payment_id"] === paymentId);
  }
}

/** The payment whose refunds a path names. */
function refundedIn(path: string): string | undefined {
  const id = /^\/payments\/([^/]+)\/refunds$/u.exec(path)?.[1];
  return id === undefined ? undefined : decodeURIComponent(id);
}

function payment(body: Json): Made {
  const asked = PaymentSchema.safeParse(body);
  if (!asked.success) return refusal(400, "A payment has payee, amount_cents, currency and reference.");
  if (asked.data.payee === "declined") return refusal(402, "The payment was declined.");
  return { book: "payments", record: { status: "paid", ...asked.data } };
}

function refusal(status: number, error: string): SandboxAnswer {
  return { status, body: { error } };
}

function isBook(name: string): name is Book {
  return name === "payments" || name === "refunds" || name === "messages";
}
