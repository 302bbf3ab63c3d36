import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { openFor } from "../../../apps/cli/open-orchestrator.js";
import type { Person } from "../../../apps/cli/person.js";
import { OrchestratorError } from "../../../core/errors.js";
import type { DecideOptions, DecideOutcome, OrchestratorApi, RunOutcome } from "../../../core/views.js";
import { callCli, FakePerson } from "./fake-host.js";
import { approvalView, question } from "./samples.js";

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "mission-cli-"));
});

afterEach(() => rm(folder, { recursive: true, force: true }));

function deciding(
  parts: Partial<DecideOutcome> = {},
  approval = approvalView(),
): Partial<OrchestratorApi> & { readonly asked: DecideOptions[] } {
  const asked: DecideOptions[] = [];
  return {
    asked,
    approval: async () => approval,
    async decide(approvalId, options) {
      asked.push(options);
      return {
        approval_id: approvalId,
        run_id: "run1",
        title: "Hollis & Reed",
        status: "approved",
        decided_by: "ada",
        run_status: "completed",
        continued: "here",
        note: null,
        ...parts,
      };
    },
  };
}

describe("`mission decide`", () => {
  test.each([
    [["--approve"], { type: "approve" }],
    [["--approve", "--comment", "fine"], { type: "approve", comment: "fine" }],
    [["--reject", "--comment", "wrong name", "--final"], { type: "reject", comment: "wrong name", final: true }],
  ])("%j is one decision", async (flags, decision) => {
    const api = deciding();

    const { code } = await callCli(["decide", "ap1", ...flags, "--by", "ada", "--digest", "digest1"], api);

    expect(code).toBe(0);
    expect(api.asked).toEqual([{ decision, continue: true, by: "ada", digest: "digest1" }]);
  });

  test("a digest may be given by its beginning; another one goes through as it is and is refused there", async () => {
    const api = deciding({}, approvalView({ digest: "0123456789abcdef" }));

    await callCli(["decide", "ap1", "--approve", "--digest", "0123456789"], api);
    await callCli(["decide", "ap1", "--approve", "--digest", "ffff456789"], api);

    expect(api.asked.map(({ digest }) => digest)).toEqual(["0123456789abcdef", "ffff456789"]);
  });

  test("an edit is read from a file", async () => {
    const file = join(folder, "edit.json");
    await writeFile(file, '{ "verdict": "no match" }');
    const api = deciding();

    await callCli(["decide", "ap1", "--edit", file], api);

    expect(api.asked[0]?.decision).toEqual({ type: "edit", edited: { verdict: "no match" } });
  });

  test("a malformed file is refused with line and column before anything is decided", async () => {
    const file = join(folder, "edit.json");
    await writeFile(file, '{\n  "verdict": \n}');
    const api = deciding();

    const { code, err } = await callCli(["decide", "ap1", "--edit", file], api);
    const absent = await callCli(["decide", "ap1", "--edit", join(folder, "none.json")], api);

    expect(code).toBe(2);
    expect(err).toContain("line 3, column 1");
    expect(absent.code).toBe(2);
    expect(api.asked).toEqual([]);
  });

  test("an answer is JSON where the question wants JSON, and text where it wants text", async () => {
    const object = deciding({}, question({ type: "object" }));
    const number = deciding({}, question({ type: "number" }));
    const text = deciding({}, question({ type: "string" }));

    await callCli(["decide", "q", "--answer", '{"expires":"2031-01-01"}'], object);
    await callCli(["decide", "q", "--answer", "42"], number);
    await callCli(["decide", "q", "--answer", "42"], text);
    await callCli(["decide", "q", "--answer", "in May"], deciding({}, question(undefined)));

    expect(object.asked[0]?.decision.answer).toEqual({ expires: "2031-01-01" });
    expect(number.asked[0]?.decision.answer).toBe(42);
    expect(text.asked[0]?.decision.answer).toBe("42");
  });

  test("an answer that is meant as JSON but is not is refused", async () => {
    const api = deciding({}, question({ type: "object" }));

    const { code, err } = await callCli(["decide", "q", "--answer", '{"expires":'], api);

    expect(code).toBe(2);
    expect(err).toContain("cannot be read");
    expect(api.asked).toEqual([]);
  });

  test.each([
    [{ run_status: "completed", continued: "here" }, 0],
    [{ run_status: "failed", continued: "here" }, 1],
    [{ run_status: "waiting", continued: "here" }, 3],
    [{ run_status: "waiting", continued: "not_continued" }, 0],
    [{ run_status: "running", continued: "by_owner" }, 0],
  ] as const)("the run standing at %j gives exit code %i", async (parts, code) => {
    expect((await callCli(["decide", "ap1", "--approve", "--no-continue"], deciding(parts))).code).toBe(code);
  });

  test("a run that the kill switch stops: the decision is told as kept, with what the switch says, and ends with 3", async () => {
    const note = "The decision is kept. Stopped by the kill switch for everything: Fire. Once it is off, it goes on.";
    const api = deciding({ run_status: "waiting", continued: "not_continued", note });

    const { code, out } = await callCli(["decide", "ap1", "--approve"], api);

    expect(code).toBe(3);
    expect(out).toContain(note);
    expect(out).not.toContain("Stopped: the decision is recorded");
  });

  test("--no-continue only writes", async () => {
    const api = deciding({ run_status: "waiting", continued: "not_continued" });

    const { out } = await callCli(["decide", "ap1", "--approve", "--no-continue"], api);

    expect(api.asked[0]?.continue).toBe(false);
    expect(out).toContain("mission resume run1");
  });

  test("without a choice and without a terminal it says which choices there are, for a question with what is wanted", async () => {
    const schema = {
      type: "object",
      properties: { expires: { type: "string" }, visa: { type: "boolean" } },
      required: ["expires"],
    };

    const result = await callCli(["decide", "ap1"], deciding());
    const asked = await callCli(["decide", "q"], deciding({}, question(schema)));

    expect(result.code).toBe(2);
    expect(result.err).toContain("--approve or --edit <file with JSON> or --reject");
    expect(asked.err).toContain("--answer '{ expires: text, visa?: true or false }'");
  });

  test("without a choice in a terminal the request is shown and the answer taken", async () => {
    const api = deciding();
    const person = new FakePerson([{ type: "approve" }]);

    const { code } = await callCli(["decide", "ap1"], api, { isTerminal: true, person: async () => person });

    expect(code).toBe(0);
    expect(person.shown).toHaveLength(1);
    expect(api.asked).toEqual([{ decision: { type: "approve" }, digest: "digest1", continue: true }]);
  });

  test("Ctrl-C while deciding ends with 3: it says that the decision is recorded, and resume goes on with the run", async () => {
    let interrupt = () => {};
    const onInterrupt = (callback: () => void) => {
      interrupt = callback;
      return () => undefined;
    };
    const open = async () => openFor(`sqlite:${join(folder, "runs.db")}`);
    const call = (args: readonly string[], parts = {}) => callCli(args, {}, { folder, open, ...parts });
    // safe: the document of `run --json` is ours
    const { run_id, approvals } = (await call(["run", "support-resolution", "--json"])).json as RunOutcome;
    const person: Person = {
      ask: async () => {
        interrupt();
        return { kind: "decided", decision: { type: "approve" } };
      },
      confirm: async () => true,
    };

    const stopped = await call(["decide", approvals[0]?.approval_id ?? ""], {
      isTerminal: true,
      onInterrupt,
      person: async () => person,
    });
    const resumed = await call(["resume", run_id, "--json"]);

    expect(stopped.code).toBe(3);
    expect(stopped.out).toContain("Stopped: the decision is recorded");
    expect(stopped.out + stopped.err).not.toContain("should not have happened");
    expect(resumed.json).toMatchObject([{ run_id, status: "completed" }]);
  }, 60_000);

  test("what stopped between the record and the run is told as recorded; what was not recorded, as stopped", async () => {
    let interrupt = () => {};
    const onInterrupt = (callback: () => void) => {
      interrupt = callback;
      return () => undefined;
    };
    const stoppingWith = (status: "approved" | "pending") => {
      const api: Partial<OrchestratorApi> = {
        approval: async () => approvalView({ status, decided_by: status === "pending" ? null : "ada" }),
        decide: async () => {
          interrupt();
          throw new Error("It is shutting down.");
        },
      };
      return callCli(["decide", "ap1", "--approve", "--by", "ada", "--json"], api, { onInterrupt });
    };

    const recorded = await stoppingWith("approved");
    const open = await stoppingWith("pending");

    expect(recorded).toMatchObject({ code: 3, json: { status: "approved", continued: "not_continued" } });
    expect(open).toMatchObject({ code: 3, json: { error: { code: "stopped" } } });
  });

  test("two choices at once are misuse", async () => {
    const { code, err } = await callCli(["decide", "ap1", "--approve", "--reject"], deciding());

    expect(code).toBe(2);
    expect(err).toContain("cannot be used with");
  });

  test("a second decision tells who was first and changes nothing", async () => {
    const api: Partial<OrchestratorApi> = {
      approval: async () => approvalView({ status: "approved", decided_by: "ada" }),
      decide: async () => {
        throw new OrchestratorError("already_decided", "ada approved this at 10:00.");
      },
    };

    const { code, err } = await callCli(["decide", "ap1", "--reject"], api);

    expect(code).toBe(2);
    expect(err).toBe("ada approved this at 10:00.\n");
  });
});
