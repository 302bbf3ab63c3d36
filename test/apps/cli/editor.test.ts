import { describe, expect, test } from "vitest";
import { editJson } from "../../../apps/cli/editor.js";

describe("editing a value in an editor", () => {
  test("what was saved comes back; an unchanged file is no edit", async () => {
    expect(await editJson({ verdict: "match" }, "sed -i s/match/none/")).toEqual({ verdict: "none" });
    expect(await editJson({ verdict: "match" }, "true")).toBeUndefined();
  });

  test("text that is not JSON any more is refused with its place", async () => {
    await expect(editJson({ verdict: "match" }, "sed -i s/:.*/:/")).rejects.toMatchObject({
      code: "file_malformed",
      message: expect.stringContaining("line 3, column 1"),
    });
  });

  test("an editor that is not there or fails is said so", async () => {
    await expect(editJson({}, "no-such-editor-anywhere")).rejects.toThrow("cannot be started");
    await expect(editJson({}, "false")).rejects.toThrow("nothing was changed");
  });
});
