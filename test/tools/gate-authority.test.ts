import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { digestOf } from "../../core/digest.js";
import { callDigestOf } from "../../core/effect.js";
import type { ApprovalRecord } from "../../core/records.js";
import type { RunSession } from "../../core/session.js";
import type { MailParts } from "../support/gate.js";
import { agentCard, mailTool, openWorld } from "../support/gate.js";
import type { FreshStore } from "../support/store.js";
import { openFreshStore } from "../support/store.js";

let fresh: FreshStore;
beforeEach(async () => {
  fresh = await openFreshStore();
});
afterEach(() => fresh.drop());

describe("I4: the approval of a result speaks for what it proposed", () => {
  const args = { to: "a@b", text: "hi" };
  const from = { to: "/to", text: "/text" };
  const authorityOf = (approvalId: string, of: { to: string; text: string } = args) => ({
    authority: { approvalId, digest: callDigestOf("send_mail", of) },
  });
  const forbidden = { ok: false, code: "forbidden" };

  /** A world with approvals of one result that proposed a mail: `parts` by approval id. */
  async function approvedWorld(parts: Record<string, Partial<ApprovalRecord>>, mail: MailParts = {}) {
    const ran: string[] = [];
    const run = async ({ to, text }: { to: string; text: string }) => {
      ran.push(`send_mail ${to} ${text}`);
      if (mail.idempotent && ran.length === 1) throw Object.assign(new Error("no answer"), { code: "ECONNRESET" });
      return { id: "m1" };
    };
    const tools = [mailTool({ reach: "outside", run, ...mail })];
    const world = await openWorld({ store: fresh.store, tools });
    const { asked, gate, session, task } = world;
    const request = await asked("send_mail", { to: "x@y" }, { turnKey: "other" });
    const agent = agentCard({ tools: ["send_mail"] });
    // Safe: the gate uses what `GateSession` has.
    const act = { session: session as unknown as RunSession, task, agent, tool: "send_mail", args };
    const covers = await gate.coverage(act);
    const call = { tool: "send_mail", args, digest: callDigestOf("send_mail", args), from, ...(covers && { covers }) };
    const shown = { ...request.shown, proposed: [call] };
    const row = { ...request, kind: "task_result", subject: "result", shown, digest: digestOf(shown) } as const;
    for (const [approvalId, part] of Object.entries(parts)) await session.put({ ...row, approvalId, ...part });
    return { ...world, ran, tools };
  }

  const YES = { status: "approved", decision: { type: "approve" } } as const;

  test("of this attempt of this task, as it was shown, and nothing else", async () => {
    const { call, ran } = await approvedWorld({
      pending: {},
      changed: { ...YES, digest: "0".repeat(64) },
      task: { ...YES, taskId: "T2" },
      attempt: { ...YES, attempt: 2 },
      yes: YES,
    });

    for (const id of ["pending", "nobody", "changed", "task", "attempt"])
      expect(await call("send_mail", args, authorityOf(id)), id).toMatchObject(forbidden);
    expect(await call("send_mail", { ...args, text: "bye" }, authorityOf("yes"))).toMatchObject(forbidden);
    expect(ran).toEqual([]);
    expect(await call("send_mail", args, authorityOf("yes"))).toEqual({ ok: true, value: { id: "m1" } });
    expect(ran).toEqual(["send_mail a@b hi"]);
  });

  test("an act that it did not show is asked about by itself", async () => {
    const { asked, ran } = await approvedWorld({ yes: YES });
    const other = { to: "c@d", text: "hi" };

    const request = await asked("send_mail", other, authorityOf("yes", other));

    expect(request).toMatchObject({ kind: "tool_call", shown: { subject: other, tool: "send_mail" } });
    expect(ran).toEqual([]);
  });

  test("an edit speaks for what it gives where the arguments were shown to come from", async () => {
    const edited = { to: "a@b", text: "by hand" };
    const { asked, call, ran } = await approvedWorld({
      edit: { status: "edited", decision: { type: "edit", edited } },
    });

    await asked("send_mail", args, authorityOf("edit"));
    expect(ran).toEqual([]);
    expect(await call("send_mail", edited, authorityOf("edit", edited))).toMatchObject({ ok: true });
    expect(ran).toEqual(["send_mail a@b by hand"]);
  });

  test("an act that it showed is repeated on it when its outcome was lost", async () => {
    const { call, ran } = await approvedWorld({ yes: YES }, { idempotent: true });

    expect(await call("send_mail", args, authorityOf("yes"))).toMatchObject({ ok: false, transient: true });
    expect(await call("send_mail", args, authorityOf("yes"))).toEqual({ ok: true, value: { id: "m1" } });
    expect(ran).toHaveLength(2);
  });

  test.each([YES, { status: "edited", decision: { type: "edit", edited: args } } as const])(
    "under other policies the act is asked about anew: $status",
    async (said) => {
      const { ran, tools } = await approvedWorld({ said });
      const text =
        '@id("more") @reason("of late we ask") forbid (principal, action == Action::"send_mail", resource) unless { context.approved };';
      const later = await openWorld({ store: fresh.store, tools, missionPolicies: [{ source: "later", text }] });

      const request = await later.asked("send_mail", args, { ...authorityOf("said"), turnKey: "proposed" });
      expect(ran).toEqual([]);
      await later.session.decide(request, { type: "approve" });

      const reply = await later.call("send_mail", args, { ...authorityOf("said"), turnKey: "proposed" });
      expect(reply).toEqual({ ok: true, value: { id: "m1" } });
    },
  );
});
