import { EventEmitter, once } from "node:events";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { readSecretsWith, secret } from "../../../core/secret.js";
import type { PaymentsOptions } from "../../../tools/connectors/payments.js";
import { payments } from "../../../tools/connectors/payments.js";
import type { SandboxProvider, SandboxTrouble } from "../../../tools/connectors/sandbox-provider.js";
import { startSandboxProvider } from "../../../tools/connectors/sandbox-provider.js";
import { approvedCall } from "../../support/approved-call.js";
import { openWorld } from "../../support/gate.js";
import type { FreshStore } from "../../support/store.js";
import { openFreshStore } from "../../support/store.js";
import { toolContext } from "../../support/tool-context.js";
import { sendForever, sendJson, serve } from "../../support/web.js";

const TOKEN = "sandbox-token-4711";
const BILL = { payee: "ada", amount_cents: 12_345, currency: "USD", reference: "invoice 7" };
const LOCAL = { allowHttp: true, allowPrivate: true };

let fresh: FreshStore;
let sandbox: SandboxProvider;
beforeEach(async () => {
  readSecretsWith((name) => (name === "PAY_TOKEN" ? TOKEN : undefined));
  fresh = await openFreshStore();
  sandbox = await startSandboxProvider({ token: secret("PAY_TOKEN") });
});
afterEach(async () => {
  await sandbox.close();
  await fresh.drop();
});

function openTill(more: Partial<PaymentsOptions> = {}) {
  const tools = payments({ url: sandbox.url, token: secret("PAY_TOKEN"), ...LOCAL, ...more });
  return openWorld({ store: fresh.store, tools });
}

const effects = () => fresh.store.effects.of("run-1");

describe("a payment", () => {
  test("is made once under the engine's key, however often it is asked for", async () => {
    const till = await openTill();

    const reply = await approvedCall(till, "pay", BILL);

    expect(reply).toEqual({
      ok: true,
      value: { payment_id: "payment-1", status: "paid", amount_cents: 12_345, currency: "USD" },
    });
    expect(await till.call("pay", BILL, { turnKey: "later", attempt: 2 })).toEqual(reply);
    const [effect] = await effects();
    expect(sandbox.kept.payments).toEqual([
      { key: effect?.idempotencyKey, record: { id: "payment-1", status: "paid", ...BILL } },
    ]);
  });

  test("is given back in part, and never more than was paid", async () => {
    const till = await openTill();
    await approvedCall(till, "pay", BILL);
    const refund = { payment_id: "payment-1", amount_cents: 345, currency: "USD", reason: "came late" };

    expect(await approvedCall(till, "refund_payment", refund, { turnKey: "r1" })).toEqual({
      ok: true,
      value: { refund_id: "refund-1", payment_id: "payment-1", amount_cents: 345 },
    });
    const rest = { ...refund, amount_cents: 12_001, reason: "never came" };
    expect(await approvedCall(till, "refund_payment", rest, { turnKey: "r2" })).toMatchObject({
      ok: false,
      transient: false,
      reason: expect.stringContaining("More than was paid."),
    });
    expect(sandbox.kept.refunds).toHaveLength(1);
  });

  test.each<[string, SandboxTrouble[]]>([
    ["the provider is overloaded", [{ kind: "answer", status: 503 }]],
    ["it asks to be left alone for a while", [{ kind: "answer", status: 429, retryAfterSeconds: 1 }]],
    ["the connection breaks before", [{ kind: "hang_up", after: "nothing" }]],
    ["the connection breaks after", [{ kind: "hang_up", after: "act" }]],
    [
      "all of it comes together",
      [
        { kind: "hang_up", after: "act" },
        { kind: "answer", status: 500 },
        { kind: "hang_up", after: "nothing" },
      ],
    ],
  ])("is made once within one call when %s", async (_, troubles) => {
    sandbox.trouble(...troubles);

    expect(await approvedCall(await openTill(), "pay", BILL)).toMatchObject({ ok: true });
    expect(sandbox.kept.payments).toHaveLength(1);
  });

  test("that was declined is told so, and nobody is asked what became of it", async () => {
    const reply = await approvedCall(await openTill(), "pay", { ...BILL, payee: "declined" });

    expect(reply).toMatchObject({ ok: false, transient: false, reason: expect.stringContaining("declined: ") });
    expect(await effects()).toMatchObject([{ status: "not_done" }]);
  });

  test("is not waited for longer than the deadline, whatever the provider asks", async () => {
    sandbox.trouble({ kind: "answer", status: 429, retryAfterSeconds: 3_600 });

    const reply = await approvedCall(await openTill(), "pay", BILL);

    expect(reply).toMatchObject({ ok: false, transient: true, reason: expect.stringContaining("too_many_requests") });
    expect(await effects()).toMatchObject([{ status: "not_done" }]);
  });

  test("with a wrong token is refused, and with none that is set is not sent", async () => {
    readSecretsWith((name) => (name === "PAY_TOKEN" ? TOKEN : name === "WRONG_TOKEN" ? "wrong-token" : undefined));
    const wrong = await approvedCall(await openTill({ token: secret("WRONG_TOKEN") }), "pay", BILL);
    const none = await approvedCall(await openTill({ token: secret("UNSET_TOKEN") }), "pay", BILL, { turnKey: "k2" });

    expect(wrong).toMatchObject({ ok: false, transient: false, reason: expect.stringContaining("not_authorised") });
    expect(none).toMatchObject({ ok: false, reason: expect.stringContaining("UNSET_TOKEN is not set") });
    expect(JSON.stringify([wrong, none])).not.toContain("wrong-token");
    expect(await effects()).toMatchObject([{ status: "not_done" }]);
  });
});

describe("I3: what policy says of an amount", () => {
  const inEuros = { usdPer: { USD: 1, EUR: 1.25 } };

  test.each([
    ["1000 dollars ask", { amount_cents: 100_000 }, "ask"],
    ["a cent more is forbidden", { amount_cents: 100_001 }, "forbidden"],
    ["800 euros at 1.25 ask", { amount_cents: 80_000, currency: "EUR" }, "ask"],
    ["a cent more is forbidden in euros too", { amount_cents: 80_001, currency: "EUR" }, "forbidden"],
  ])("%s", async (_, more, ruling) => {
    const till = await openTill(inEuros);
    const bill = { ...BILL, ...more };

    if (ruling === "ask") expect(await till.asked("pay", bill)).toMatchObject({ kind: "tool_call" });
    else expect(await till.call("pay", bill)).toMatchObject({ ok: false, code: "forbidden" });
    expect(sandbox.kept.payments).toHaveLength(0);
  });
});

describe("I2: a payment whose answer is lost is found by its key", () => {
  test.each([
    ["act" as const, 1],
    ["nothing" as const, 0],
  ])("when the provider went silent after %s", async (after, before) => {
    sandbox.trouble({ kind: "hang", after });
    const till = await openTill({ timeoutMs: 1_000 });

    const reply = await approvedCall(till, "pay", BILL);
    expect(reply).toMatchObject(before === 1 ? { ok: true } : { ok: false, transient: true });
    expect(sandbox.kept.payments).toHaveLength(before);

    expect(await till.call("pay", BILL, { turnKey: before === 1 ? "k" : "k2" })).toMatchObject({
      ok: true,
      value: { payment_id: "payment-1" },
    });
    expect(sandbox.kept.payments).toHaveLength(1);
  });

  test("while the provider is still at work nobody says that it was not made", async () => {
    const released = new EventEmitter();
    sandbox.trouble({ kind: "hang", after: "nothing", doneOn: once(released, "go") });
    const till = await openTill({ timeoutMs: 1_000 });

    expect(await approvedCall(till, "pay", BILL)).toMatchObject({ ok: false, transient: true });
    expect(await effects()).toMatchObject([{ status: "claimed" }]);

    released.emit("go");
    await expect.poll(() => sandbox.kept.payments.length).toBe(1);
    expect(await till.call("pay", BILL, { turnKey: "k2" })).toMatchObject({
      ...{ ok: true, value: { payment_id: "payment-1" } },
    });
    expect(await effects()).toMatchObject([{ status: "done" }]);
    expect(sandbox.kept.payments).toHaveLength(1);
  });

  test.each(["pay", "refund_payment"])("nothing found under the key of %s is no word on it", async (name) => {
    const tool = payments({ url: sandbox.url, token: secret("PAY_TOKEN"), ...LOCAL }).find(
      (each) => each.name === name,
    );

    expect(await tool?.reconcile?.("key-1", BILL, toolContext())).toEqual({ outcome: "unknown" });
  });

  test("a key that is known with other arguments is a failure with a name, and a person is asked", async () => {
    const [pay] = payments({ url: sandbox.url, token: secret("PAY_TOKEN"), ...LOCAL });
    await pay?.run(BILL, toolContext());

    const other = { ...BILL, amount_cents: 1 };
    await expect(pay?.run(other, toolContext())).rejects.toMatchObject({
      message: expect.stringContaining("key_conflict: "),
      transient: false,
      notDone: false,
    });
    await expect(pay?.reconcile?.("key-1", other, toolContext())).rejects.toThrow("amount_cents 12345");
    expect(sandbox.kept.payments).toHaveLength(1);
  });
});

describe("a payment whose run does not complete", () => {
  const undoOf = (key: string) => ({ ...toolContext(), actKey: "key-1", idempotencyKey: key });

  test.each([
    ["its answer is known", { payment_id: "payment-1", status: "paid", amount_cents: 12_345, currency: "USD" }],
    ["its answer was lost", undefined],
  ])("is given back whole, once, when %s", async (_, result) => {
    const [pay] = payments({ url: sandbox.url, token: secret("PAY_TOKEN"), ...LOCAL });
    await pay?.run(BILL, toolContext());

    await pay?.compensate?.(BILL, result, undoOf("undo-1"));
    await pay?.compensate?.(BILL, result, undoOf("undo-1"));

    expect(sandbox.kept.refunds).toEqual([
      { key: "undo-1", record: { id: "refund-1", payment_id: "payment-1", amount_cents: 12_345, currency: "USD" } },
    ]);
  });

  test("gives back only what was not given back before", async () => {
    const [pay, refund] = payments({ url: sandbox.url, token: secret("PAY_TOKEN"), ...LOCAL });
    const paid = { payment_id: "payment-1", status: "paid", amount_cents: 12_345, currency: "USD" };
    await pay?.run(BILL, toolContext());
    const part = { payment_id: "payment-1", amount_cents: 345, currency: "USD", reason: "came late" };
    await refund?.run(part, { ...toolContext(), idempotencyKey: "part-1" });

    await pay?.compensate?.(BILL, paid, undoOf("undo-1"));
    await pay?.compensate?.(BILL, paid, undoOf("undo-1"));
    await pay?.compensate?.(BILL, paid, undoOf("undo-2"));

    expect(sandbox.kept.refunds.map(({ key, record }) => [key, record["amount_cents"]])).toEqual([
      ["part-1", 345],
      ["undo-1", 12_000],
    ]);
  });

  test("is not said to be given back while it cannot be found", async () => {
    const [pay] = payments({ url: sandbox.url, token: secret("PAY_TOKEN"), ...LOCAL });

    await expect(pay?.compensate?.(BILL, undefined, undoOf("undo-1"))).rejects.toThrow("not_found");

    expect(sandbox.kept.refunds).toHaveLength(0);
  });
});

describe("an answer that is not what it should be", () => {
  const payAt = (url: string) => {
    const [pay] = payments({ url, timeoutMs: 2_000, ...LOCAL });
    return pay?.run(BILL, toolContext());
  };

  test.each([
    ["no JSON", (send: (value: unknown) => void) => send("<html>")],
    ["another payment", (send: (value: unknown) => void) => send({ id: "p1", status: "paid", ...BILL, payee: "bob" })],
    ["a status that there is not", (send: (value: unknown) => void) => send({ id: "p1", status: "lost", ...BILL })],
  ])("%s leaves open whether it was done", async (_, answer) => {
    const web = await serve((_request, response) =>
      answer((value) => (typeof value === "string" ? void response.end(value) : sendJson(response, value))),
    );

    await expect(payAt(web.url)).rejects.toMatchObject({
      message: expect.stringContaining("not_understood"),
      transient: false,
      notDone: false,
    });
  });

  test("an endless one is cut off", async () => {
    const web = await serve((_request, response) => sendForever(response, "x".repeat(10_000)));

    await expect(payAt(web.url)).rejects.toMatchObject({ notDone: false, message: expect.stringContaining("64000") });
  });

  test("a long refusal is cut short, on one line", async () => {
    const web = await serve((_request, response) => response.writeHead(400).end(`no\u001b[31m\n${"x".repeat(5_000)}`));

    const error = await Promise.resolve(payAt(web.url)).catch((thrown: Error) => thrown.message);
    expect(String(error).length).toBeLessThan(400);
    expect(error).toContain("the provider answered 400");
    expect(error).not.toMatch(/\p{Cc}/u);
  });
});

describe("what is no payment is refused before anything is sent", () => {
  test.each([
    ["a part of a cent", { amount_cents: 0.5 }],
    ["nothing", { amount_cents: 0 }],
    ["less than nothing", { amount_cents: -1 }],
    ["more than any", { amount_cents: 10_000_000_001 }],
    ["a text for an amount", { amount_cents: "100" }],
    ["another currency", { currency: "EUR" }],
    ["two lines", { reference: "invoice\n7" }],
    ["a field of its own", { approved: true }],
  ])("%s", async (_, more) => {
    const reply = await (await openTill()).call("pay", { ...BILL, ...more });

    expect(reply).toMatchObject({ ok: false, code: "bad_arguments" });
    expect(sandbox.kept.payments).toHaveLength(0);
  });

  test.each([
    ["a currency without cents", { usdPer: { JPY: 0.01 } }],
    ["no currency", { usdPer: {} }],
    ["a dollar that is worth less", { usdPer: { USD: 0.01 } }],
    ["a token in clear", { token: "hunter2" }],
    ["a URL that is none", { url: "pay.example.com" }],
  ])("a connector with %s is not made", (_, more) => {
    // Safe: what does not fit is what is tested.
    const make = () => payments({ url: "https://pay.example.com", ...more } as PaymentsOptions);
    expect(make).toThrow(expect.objectContaining({ code: "config_invalid" }));
    expect(make).not.toThrow(/hunter2/u);
  });

  test("a provider on this machine is reached only where that is allowed", async () => {
    const reply = await approvedCall(await openTill({ allowPrivate: false }), "pay", BILL);

    expect(reply).toMatchObject({ ok: false, transient: false, reason: expect.stringContaining("not allowed") });
    expect(await effects()).toMatchObject([{ status: "not_done" }]);
  });
});
