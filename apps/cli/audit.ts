import { resolve } from "node:path";
import type { AuditView, BrokenEventView, RunAuditView } from "../../core/audit.js";
import { isBesideChain } from "../../core/audit.js";
import { EXIT, usage } from "./failures.js";
import type { Io } from "./io.js";
import { table } from "./table.js";
import { count, inOneLine, moment } from "./text.js";

export interface AuditFlags {
  readonly head?: string;
  readonly file?: string;
}

/** `mission audit verify`: recomputes the event chains of one run, of all, or of an exported log. Fails when one is broken. */
export async function auditVerify(io: Io, run: string | undefined, flags: AuditFlags): Promise<number> {
  const view = await auditOf(io, run, flags, headOf(run, flags));
  io.print(view, () => auditText(io, view));
  return view.is_sound ? EXIT.done : EXIT.failed;
}

async function auditOf(
  io: Io,
  run: string | undefined,
  { file }: AuditFlags,
  head: string | undefined,
): Promise<AuditView> {
  if (file === undefined) {
    const orchestrator = await io.open();
    return orchestrator.insight.audit({ ...(run !== undefined && { run }), ...(head !== undefined && { head }) });
  }
  if (run !== undefined) throw usage("A run is checked in the store, and --file checks an export. Give one of them.");
  const { auditFile } = await import("../../runtime/audit-file.js");
  return auditFile(resolve(io.host.folder, file), head);
}

function headOf(run: string | undefined, { head, file }: AuditFlags): string | undefined {
  if (head === undefined) return undefined;
  if (run === undefined && file === undefined)
    throw usage("--head belongs to one run. Name the run whose report prints it.");
  if (!/^[0-9a-f]{8,64}$/iu.test(head))
    throw usage(`"${head}" is no hash of an event: give its 64 hexadecimal digits, or at least the first eight.`);
  return head.toLowerCase();
}

function auditText(io: Io, { runs, events, is_sound }: AuditView): string {
  const { paint } = io;
  const broken = runs.filter((run) => !run.is_sound);
  const sound = runs.filter((run) => run.is_sound);
  const verdict = is_sound
    ? paint.green(`✓ ${count(runs.length, "run")} with ${count(events, "event")}: every chain is whole.`)
    : paint.red(`✗ ${broken.length} of ${count(runs.length, "run")}: ${verdictOn(broken)}.`);
  return [
    ...(sound.length === 0 ? [] : [soundTable(io, sound), ""]),
    ...broken.flatMap((run) => [...brokenLines(io, run), ""]),
    verdict,
    ...(is_sound && runs.length > 0
      ? [
          paint.dim(
            `A report prints the head before it, never the last one. To find it in the chain: ${io.hint("audit verify <run> --head <hash>")}`,
          ),
        ]
      : []),
  ].join("\n");
}

function soundTable(io: Io, runs: readonly RunAuditView[]): string {
  const rows = runs.map(({ title, run_id, events, head }) => [title, run_id, String(events), head]);
  return table(io, ["Title", "Run", "Events", "Last head"], rows);
}

function verdictOn(broken: readonly RunAuditView[]): string {
  const isBeside = broken.every((run) => run.broken !== null && isBesideChain(run.broken));
  return isBeside ? "what lies beside the chain does not go with it" : "the chain is broken";
}

function brokenLines({ paint }: Io, { title, run_id, events, broken }: RunAuditView): string[] {
  if (!broken) return [];
  return [
    `${paint.red("✗")} ${title === "" ? "A run" : paint.bold(inOneLine(title))}  ${paint.dim(run_id)}`,
    `  ${isBesideChain(broken) ? besideText(broken) : `First broken: ${nameOf(broken)}`}`,
    `  ${inOneLine(broken.what)}`,
    paint.dim(`  ${isBesideChain(broken) ? chainText(events) : beforeText(events, broken)}`),
  ];
}

/** What is wrong where no event is. */
function besideText(broken: BrokenEventView): string {
  if (broken.fault === "unreadable") return "Not readable: a row of the run";
  if (broken.fault === "unknown_head") return "Not found: an event with this hash";
  if (broken.fault === "untold" && broken.key !== null) return "Not there: the row of the run";
  const what = broken.fault === "report_differs" ? "the report" : "a row";
  return broken.key === null ? `Not told by any event: ${what}` : `Told otherwise: ${what}, by ${nameOf(broken)}`;
}

function chainText(events: number): string {
  if (events === 0) return "The chain itself was not looked at.";
  return `The chain itself is whole: ${count(events, "event")}.`;
}

/** The broken event may be the last of those that follow each other. */
function beforeText(events: number, { seq }: BrokenEventView): string {
  const before = seq === null ? events : Math.max(0, Math.min(events, seq - 1));
  return before === 0
    ? "No event before it is sound."
    : `${count(before, "event")} before it ${before === 1 ? "is" : "are"} sound.`;
}

function nameOf({ seq, key, type, at }: BrokenEventView): string {
  const when = at === null ? "" : ` at ${moment(at)}`;
  const what = type === null ? "" : `, ${inOneLine(`${type} (${key})`)}`;
  return `${seq === null ? "an event" : `event ${seq}`}${what}${when}`;
}
