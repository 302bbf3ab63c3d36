import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { Decision } from "../../core/approval.js";
import type { PolicyText } from "../../core/policy.js";
import type { MailParts, WorldOptions } from "../support/gate.js";
import { Crash, createClock, mailTool, openWorld } from "../support/gate.js";
import { own, policy } from "../support/policies.js";
import type { FreshStore } from "../support/store.js";
import { openFreshStore } from "../support/store.js";

const HI = { to: "a@b", text: "hi" };
const LETTER = { to: "c@d", text: "letter" };
const DONE = { ok: true, value: { id: "m1" } };
const K = { turnKey: "k" };
const NEXT = { turnKey: "next" };
const MAIL = 'principal, action == Action::"send_mail", resource';
const FORBIDS = own(policy("no_more_mail", "forbid", "true", MAIL));
const ASKS = own(`@id("ask_for_mail")\n@reason("of late we ask")\nforbid (${MAIL}) unless { context.approved };`);

let fresh: FreshStore;
let sent: string[];
const clock = createClock();
beforeEach(async () => {
  fresh = await openFreshStore();
  sent = [];
});
afterEach(() => fresh.drop());

/** The next process on the store; its mails are safe to repeat, and the outside cannot be asked what became of one. */
function world(options: Partial<WorldOptions> = {}, parts: MailParts = {}) {
  const mail = (name: string, more: MailParts = {}) =>
    mailTool({
      name,
      idempotent: true,
      run: async ({ text }) => {
        sent.push(text);
        return { id: "m1" };
      },
      ...more,
    });
  return openWorld({ store: fresh.store, clock, tools: [mail("send_mail", parts), mail("post_letter")], ...options });
}

/** Leaves a mail that was sent and never told of; people have said this, where they are asked. */
async function lose(parts: MailParts = {}, said?: Decision) {
  if (said) {
    const before = await world({}, parts);
    await before.session.decide(await before.asked("send_mail", HI, K), said);
  }
  const dead = await world({ crash: { commit: 2, isOnDisk: false } }, parts);
  await expect(dead.call("send_mail", HI, K)).rejects.toThrow(Crash);
}

describe("I2, I3: an act whose outcome was lost is made again only if it would be allowed as a new one", () => {
  test("nothing is against it: it is repeated, and the next act follows", async () => {
    await lose();
    const { call } = await world();

    expect(await call("post_letter", LETTER, NEXT)).toEqual(DONE);
    expect(sent).toEqual(["hi", "hi", "letter"]);
  });

  test("policy forbids it now: a person is asked what became of it, and is told why it is not repeated", async () => {
    await lose();
    const { asked, call, session, events } = await world({ missionPolicies: FORBIDS });

    const request = await asked("post_letter", LETTER, NEXT);

    expect(request).toMatchObject({ kind: "in_doubt", shown: { tool: "send_mail" } });
    expect(request.shown.reasons[1]).toContain("send_mail is forbidden now: no_more_mail says so (no_more_mail)");
    expect((await events("effect_in_doubt"))[0]?.data["reason"]).toContain("no_more_mail");
    await session.decide(request, { type: "reject" });
    expect(await call("post_letter", LETTER, NEXT)).toEqual(DONE);
    expect(await call("send_mail", HI, { turnKey: "anew" })).toMatchObject({ ok: false, code: "forbidden" });
    expect(sent).toEqual(["hi", "letter"]);
  });

  test("policy asks now, and nobody has agreed: a person says first whether it happened, then whether it may", async () => {
    await lose();
    const { asked, session } = await world({ missionPolicies: ASKS });

    const doubt = await asked("post_letter", LETTER, NEXT);
    expect(doubt).toMatchObject({ kind: "in_doubt", shown: { tool: "send_mail" } });
    await session.decide(doubt, { type: "reject" });

    expect(await asked("send_mail", HI, { turnKey: "anew" })).toMatchObject({ kind: "tool_call" });
    expect(sent).toEqual(["hi"]);
  });

  test.each<readonly [string, Decision, string]>([
    ["agreed to it", { type: "approve" }, "hi"],
    ["edited it", { type: "edit", edited: { ...HI, text: "by hand" } }, "by hand"],
  ])("a person %s under the policies of now: it is repeated without another question", async (_, said, text) => {
    await lose({ reach: "outside" }, said);
    const { call } = await world({}, { reach: "outside" });

    expect(await call("post_letter", LETTER, NEXT)).toEqual(DONE);
    expect(sent).toEqual([text, text, "letter"]);
  });

  test.each<readonly [string, Decision, readonly PolicyText[]]>([
    ["agreed to it", { type: "approve" }, ASKS],
    ["edited it", { type: "edit", edited: { ...HI, text: "by hand" } }, ASKS],
  ])("a person %s under other policies: it is not repeated", async (_, said, missionPolicies) => {
    await lose({ reach: "outside" }, said);
    const { asked } = await world({ missionPolicies }, { reach: "outside" });

    const request = await asked("post_letter", LETTER, NEXT);

    expect(request).toMatchObject({ kind: "in_doubt", shown: { tool: "send_mail" } });
    expect(request.shown.reasons[1]).toContain("nobody has agreed to send_mail under the policies of now");
    expect(sent).toHaveLength(1);
  });

  test("a constraint of the mission is against it now: it is not repeated", async () => {
    const constraints = [
      { constraint_id: "open", holds: "T2 == null", tasks: ["T1"], message: "The case was closed: {{ T2.how }}." },
    ];
    await lose();
    const { asked, session } = await world({ constraints });
    session.outputs.set("T2", { how: "refused" });

    const request = await asked("send_mail", HI, K);

    expect(request).toMatchObject({ kind: "in_doubt" });
    expect(request.shown.reasons[1]).toContain("The case was closed: refused.");
    expect(sent).toEqual(["hi"]);
  });

  test("its task has lost what it writes to, or somebody asked to cancel: it is not repeated", async () => {
    await lose();
    const { call, session } = await world();
    const { store } = fresh;

    session.resources = { guards: (taskId) => store.resources.stillHeld(session.run, taskId, ["calendar:team"]) };
    await expect(call("send_mail", HI, K)).rejects.toMatchObject({ code: "resource_taken" });
    session.resources = { guards: () => [] };
    await store.commit({ statements: store.runs.requestCancel("run-1", "Pat") });
    await expect(call("send_mail", HI, K)).rejects.toMatchObject({ code: "run_finished" });

    expect(sent).toEqual(["hi"]);
    expect(await store.effects.of("run-1")).toMatchObject([{ status: "claimed" }]);
  });

  test("a try that surely did nothing says nothing of the one before it", async () => {
    await lose();
    const { asked } = await world(
      {},
      {
        run: async () => {
          throw Object.assign(new Error("401: no such key"), { notDone: true });
        },
      },
    );

    expect(await asked("send_mail", HI, K)).toMatchObject({ kind: "in_doubt" });
    expect(await fresh.store.effects.of("run-1")).toMatchObject([{ status: "claimed" }]);
  });
});
