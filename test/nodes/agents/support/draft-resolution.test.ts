import { describe, expect, test } from "vitest";
import type { Feedback } from "../../../../core/define-agent.js";
import { evaluateBoolean, fillIn } from "../../../../core/expression.js";
import { DISCLOSURE } from "../../../../nodes/agents/support/check-resolution.js";
import type { Resolution } from "../../../../nodes/agents/support/draft-resolution.js";
import { draftResolution } from "../../../../nodes/agents/support/draft-resolution.js";
import { readDataFile } from "../../../support/fake-services.js";
import { MissionRulesSchema } from "../../../support/mission-rules.js";
import { runPlaybook } from "../../../support/playbook-context.js";
import { CONTACT, draftInputsFor, stepsFor, supportContext, TICKETS, ticketOf } from "../../../support/support-case.js";

const ANSWERS = { category: "none", steps: { steps: ["Tell us what you see on the screen."] } };

describe("drafting the answer", () => {
  test("a sound ticket becomes a message to its customer in which every step cites its article", async () => {
    const message = await draft("TK-1001");

    expect(message.to).toBe("maren@holt-ceramics.example");
    expect(message.body.split("\n")[0]).toBe("Hello Maren Holt,");
    expect(message.body).toContain(
      "2. Wait for the newest mail, delete the older ones and copy its link instead of clicking it. [A-001]",
    );
    expect(message.cited).toEqual(["A-001"]);
    expect(await findingsOf("TK-1001", message)).toEqual([]);
  });

  test("it says that automated agents wrote it and where a person is reached", async () => {
    const { body } = await draft("TK-1001");

    expect(body).toContain(DISCLOSURE);
    expect(DISCLOSURE).toMatch(/drafted by an automated agent.*handled by automated AI agents/u);
    expect(body).toContain(CONTACT);
  });

  test("every sample ticket gives a message that passes its own checks and stays under 8 KB", async () => {
    for (const { ticket_id } of TICKETS) {
      const inputs = await draftInputsFor(ticket_id, ANSWERS);
      const message = await runPlaybook(draftResolution, supportContext(), inputs);

      expect(draftResolution.check?.(message, inputs, {}), ticket_id).toEqual([]);
      expect(JSON.stringify(message).length).toBeLessThan(8_000);
    }
  });

  test("the ticket stands left and the answer right, and approving the text puts exactly it into the outbox", async () => {
    const inputs = await draftInputsFor("TK-1001");
    const message = await draft("TK-1001");
    const [shown] = draftResolution.evidence?.(message, inputs, {}) ?? [];

    expect(shown?.left.text).toContain("I forgot my password yesterday");
    expect(shown?.right?.text).toContain(message.body);
    expect(draftResolution.proposes).toEqual([
      { tool: "put_in_outbox", args: { to: "/to", subject: "/subject", body: "/body", purpose: "/purpose" } },
    ]);
  });
});

describe("what a reviewer said goes into the next draft", () => {
  test("articles to leave out, an apology, fewer steps, a sentence word for word", async () => {
    const left = await draft("TK-1025", { from: "demo", reason: "Please leave out A-012." });
    const sorry = await draft("TK-1006", { from: "demo", reason: "Be friendlier, she is upset" });
    const shorter = await draft("TK-1025", { from: "demo", reason: "too long" });
    const quoted = await draft("TK-1001", { from: "demo", reason: 'Add "Your quotes are safe meanwhile."' });

    expect(left.cited).toEqual(["A-013"]);
    expect(left.body).not.toContain("[A-012]");
    expect(sorry.body).toContain("We are sorry");
    expect(shorter.body.match(/^\d+\. /gmu)).toHaveLength(4);
    expect(quoted.body).toContain("\n\nYour quotes are safe meanwhile.\n\n");
  });

  test("a wish that no rule understands is shown beside the new draft, not lost", async () => {
    const inputs = await draftInputsFor("TK-1001");
    const message = await draft("TK-1001", { from: "demo", reason: "Translate it into Danish." });

    expect(message.unmet_wishes).toEqual(["Translate it into Danish."]);
    expect(JSON.stringify(draftResolution.evidence?.(message, inputs, {}))).toContain("Translate it into Danish.");
  });

  test("a check's finding is met by writing the message anew, and is no wish", async () => {
    const message = await draft("TK-1001", {
      from: "check",
      field: "/body",
      reason: "body: the message cites [A-099].",
    });

    expect(message.unmet_wishes).toEqual([]);
    expect(await findingsOf("TK-1001", message)).toEqual([]);
  });
});

describe("planted faults are found with field and evidence", () => {
  const faults: [string, (message: Resolution) => Resolution, string, readonly string[]][] = [
    ["an article that does not exist", inBody("[A-001]", "[A-099]"), "/body", ["body", "[A-099]", "A-001"]],
    [
      "the wrong customer's name",
      inBody("Maren Holt", "Tobias Renner"),
      "/body",
      ["body", "Tobias Renner", "Maren Holt", "TK-1001"],
    ],
    [
      "a number that is not in the evidence",
      inBody("12 characters", "45 characters"),
      "/body",
      ["body", '"45"', "TK-1001", "A-001"],
    ],
    [
      "an amount that is not in the evidence",
      inBody("If they do not", "We credit 348.50 EUR. If they do not"),
      "/body",
      ['"348.50"'],
    ],
    [
      "another recipient",
      (message) => ({ ...message, to: "x@other.example" }),
      "/to",
      ["x@other.example", "maren@holt-ceramics.example"],
    ],
    [
      "a step without an article",
      inBody("private browser window. [A-001]", "private browser window."),
      "/body",
      ["Paste the link"],
    ],
    ["an unknown article in the list", (message) => ({ ...message, cited: ["A-404"] }), "/cited", ["A-404"]],
    ["no disclosure", inBody(DISCLOSURE, ""), "/body", [DISCLOSURE]],
  ];

  test.each(faults)("%s", async (_title, plant, field, evidence) => {
    const message = await draft("TK-1001");
    const planted = plant(message);
    const findings = await findingsOf("TK-1001", planted);

    expect(planted).not.toEqual(message);
    expect(findings.length).toBeGreaterThan(0);
    expect(findings.every((finding) => finding.field === field)).toBe(true);
    for (const text of evidence) expect(findings.map(({ reason }) => reason).join("\n")).toContain(text);
  });
});

describe("the mission file's own checks and review", () => {
  const mission = MissionRulesSchema.parse(readDataFile("missions/support-resolution.json"));
  const checks = mission.tasks.flatMap(({ checks }) => checks);

  test("pass on every sample ticket", async () => {
    for (const { ticket_id } of TICKETS) {
      const scope = await scopeOf(ticket_id, ANSWERS);
      for (const { that } of [...checks, ...mission.review])
        expect(evaluateBoolean(that, scope), `${ticket_id}: ${that}`).toBe(true);
    }
  });

  test("find an invented article, a wrong name and a wrong recipient, and name the evidence", async () => {
    const scope = await scopeOf("TK-1001");
    const reasonsFor = (message: Resolution) => {
      const planted = { ...scope, output: message, T8: message };
      return [...checks, ...mission.review]
        .filter(({ that }) => !evaluateBoolean(that, planted))
        .map(({ reason }) => fillIn(reason, planted));
    };

    expect(reasonsFor(inBody("[A-001]", "[A-099]")(scope.T8))).toEqual([expect.stringContaining("A-001")]);
    expect(reasonsFor({ ...scope.T8, cited: ["A-098"] })).toEqual([expect.stringContaining("A-098")]);
    expect(reasonsFor(inBody("Maren Holt", "Tobias Renner")(scope.T8))).toEqual([
      expect.stringContaining("Maren Holt"),
    ]);
    expect(reasonsFor({ ...scope.T8, to: "x@other.example" })).toEqual([
      expect.stringContaining("maren@holt-ceramics.example"),
    ]);
  });
});

async function draft(ticketId: string, ...feedback: Feedback[]): Promise<Resolution> {
  return runPlaybook(draftResolution, supportContext({ feedback }), await draftInputsFor(ticketId));
}

async function findingsOf(ticketId: string, message: Resolution) {
  return draftResolution.check?.(message, await draftInputsFor(ticketId), {}) ?? [];
}

async function scopeOf(ticketId: string, answers = {}) {
  const T7 = await stepsFor(ticketId, answers);
  const T8 = await runPlaybook(draftResolution, supportContext(), await draftInputsFor(ticketId, answers));
  return { case: ticketOf(ticketId), T7, T8, output: T8 };
}

function inBody(text: string, replacement: string) {
  return (message: Resolution): Resolution => ({ ...message, body: message.body.replaceAll(text, replacement) });
}
