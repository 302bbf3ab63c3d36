import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { SandboxProvider } from "../../../tools/connectors/sandbox-provider.js";
import { startSandboxProvider } from "../../../tools/connectors/sandbox-provider.js";
import { sms } from "../../../tools/connectors/sms.js";
import { approvedCall } from "../../support/approved-call.js";
import { openWorld } from "../../support/gate.js";
import type { FreshStore } from "../../support/store.js";
import { openFreshStore } from "../../support/store.js";
import { toolContext } from "../../support/tool-context.js";

const NOTE = { to: "+4930123456", text: "Your call is at ten." };

let fresh: FreshStore;
let sandbox: SandboxProvider;
beforeEach(async () => {
  fresh = await openFreshStore();
  sandbox = await startSandboxProvider();
});
afterEach(async () => {
  await sandbox.close();
  await fresh.drop();
});

function openPhone(allowTo?: string[]) {
  const tools = sms({ url: sandbox.url, allowHttp: true, allowPrivate: true, ...(allowTo && { allowTo }) });
  return openWorld({ store: fresh.store, tools });
}

describe("a text message", () => {
  test("goes out once, and says that an agent sent it", async () => {
    const phone = await openPhone();
    sandbox.trouble({ kind: "hang_up", after: "act" });

    const reply = await approvedCall(phone, "send_sms", NOTE);

    expect(reply).toEqual({ ok: true, value: { message_id: "message-1", status: "sent" } });
    expect(await phone.call("send_sms", NOTE, { turnKey: "later", attempt: 2 })).toEqual(reply);
    expect(sandbox.kept.messages.map(({ record }) => record)).toEqual([
      {
        id: "message-1",
        status: "sent",
        to: "+4930123456",
        text: "Your call is at ten.\n\nSent by an automated AI agent.",
      },
    ]);
  });

  test("whose answer is lost is found by its key", async () => {
    const [tool] = sms({ url: sandbox.url, timeoutMs: 1_000, allowHttp: true, allowPrivate: true });
    sandbox.trouble({ kind: "hang", after: "act" });
    const phone = await openWorld({ store: fresh.store, tools: tool ? [tool] : [] });

    expect(await approvedCall(phone, "send_sms", NOTE)).toMatchObject({ ok: true });
    expect(sandbox.kept.messages).toHaveLength(1);
  });

  test("that is not found by its key may still go out: nobody says that it was not sent", async () => {
    const [tool] = sms({ url: sandbox.url, allowHttp: true, allowPrivate: true });

    expect(await tool?.reconcile?.("key-1", NOTE, toolContext())).toEqual({ outcome: "unknown" });
  });

  test.each([
    ["a number without a country", { to: "030123456" }],
    ["a word", { to: "ada" }],
    ["a number with more after it", { to: "+4930123456,+4930123457" }],
    ["another country", { to: "+15550100" }],
    ["nothing to say", { text: "" }],
    ["a book", { text: "x".repeat(1_001) }],
  ])("%s is refused before anything is sent", async (_, more) => {
    const reply = await (await openPhone(["+49"])).call("send_sms", { ...NOTE, ...more });

    expect(reply).toMatchObject({ ok: false, code: "bad_arguments" });
    expect(sandbox.kept.messages).toHaveLength(0);
  });
});
