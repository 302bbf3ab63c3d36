import { describe, expect, test } from "vitest";
import { callCli } from "./fake-host.js";
import { runSummary } from "./samples.js";

const LONG = "Maren Holt and Sons, Ceramics and Glazes: the password reset link always says that it has expired";
const ID = "01M7WCRYA1BZTYST5YVD0EBP0B";

describe("tables", () => {
  const runs = async () => [runSummary({ title: LONG, run_id: ID })];

  test("in a terminal words are shortened until a row fits; ids stay whole", async () => {
    const { out } = await callCli(["runs"], { runs }, { isTerminal: true, columns: 100 });

    const lines = out.trimEnd().split("\n");
    expect(lines.every(({ length }) => length <= 100)).toBe(true);
    expect(lines[1]).toMatch(/^Maren Holt.*…/u);
    expect(lines[1]?.endsWith(ID)).toBe(true);
  });

  test("in a pipe nothing is cut", async () => {
    const { out } = await callCli(["runs"], { runs });

    expect(out).toContain(LONG);
  });

  test("colours are used in a terminal that has them, never under --json", async () => {
    const coloured = await callCli(["runs"], { runs }, { isTerminal: true, hasColors: true });
    const plain = await callCli(["runs"], { runs });
    const machine = await callCli(["runs", "--json"], { runs }, { isTerminal: true, hasColors: true });

    expect(coloured.out).toContain("\u001b[33mwaiting");
    expect(plain.out).not.toContain("\u001b");
    expect(machine.out).not.toContain("\u001b");
  });
});
