import type { CaseView, OrchestratorApi, RunOutcome } from "../../core/views.js";
import { approvalScreen } from "./approval-screen.js";
import { EXIT } from "./failures.js";
import type { Io } from "./io.js";
import { kpiTable } from "./kpi-table.js";
import type { Person } from "./person.js";
import { followProgress } from "./progress.js";
import type { Answering } from "./settle.js";
import { settle } from "./settle.js";
import { statusWord } from "./status-word.js";
import type { FreshStore } from "./store-choice.js";
import { chooseFreshStore } from "./store-choice.js";
import { table } from "./table.js";
import { inOneLine, wrap } from "./text.js";

const MISSIONS = ["customer-onboarding", "sales-pipeline", "support-resolution"] as const;
const NOBODY = "demo";
const LEGEND =
  "Simulated: the samples run on a business clock that advances by the estimates. Pending: known only later.";
/** What the description of a case says when a person will be asked for something that is not there. */
const ENDS_IN_A_QUESTION = /missing|lacks|scan|unreadable/iu;

/** `mission demo`, which `npm start` calls: three sample missions at once, and one case that ends in a question. */
export async function demo(io: Io): Promise<number> {
  const { paint } = io;
  io.note(paint.bold("Mission Orchestrator: three missions run at once, on sample data. Nothing leaves this machine."));
  const fresh = await freshStore(io);
  io.note(paint.dim(`Everything is kept in ${fresh.url.replace("sqlite:", "")}. ${fresh.note}`.trimEnd()));
  const person = await io.person();
  if (!person) io.note(paint.yellow(`Nobody sits at a terminal, so what asks is approved in the name "${NOBODY}".`));

  const orchestrator = await io.open(fresh);
  const answering: Answering = person ? { person } : { approveAs: NOBODY };
  const outcomes = await threeMissions(io, orchestrator, answering);
  const asking = io.isStopping ? undefined : await oneThatAsks(io, orchestrator, answering, person);
  await closing(io, orchestrator, outcomes, asking);
  if (io.isStopping) return EXIT.notEnded;
  return !person && outcomes.some(({ status }) => status !== "completed") ? EXIT.failed : EXIT.done;
}

async function freshStore({ host, store }: Io): Promise<FreshStore> {
  const environment = await host.storeOfEnvironment();
  return chooseFreshStore(host.folder, {
    ...(store !== undefined && { typed: store }),
    ...(environment !== undefined && { environment }),
  });
}

async function threeMissions(
  io: Io,
  orchestrator: OrchestratorApi,
  answering: Answering,
): Promise<readonly RunOutcome[]> {
  io.note("");
  const progress = followProgress(io, orchestrator, { isShared: true });
  try {
    const started = await Promise.all(
      MISSIONS.map((slug) =>
        orchestrator.start(slug, { ...(answering.approveAs && { approver: answering.approveAs }) }),
      ),
    );
    return await settle(io, orchestrator, started, answering, progress);
  } finally {
    await progress.stop();
  }
}

/** A case that lacks something: it ends in a question that only a person can answer. */
async function oneThatAsks(
  io: Io,
  orchestrator: OrchestratorApi,
  answering: Answering,
  person: Person | undefined,
): Promise<RunOutcome | undefined> {
  const [slug] = MISSIONS;
  const chosen = caseThatAsks(await orchestrator.cases(slug));
  if (!chosen) return undefined;
  const about = wrap(`${inOneLine(chosen.title)}. ${chosen.about ?? ""}`, io.host.columns - 1).join("\n");
  io.note(`\n${io.paint.bold("And a case that goes wrong, to show what that looks like")}\n${about}\n`);
  const progress = followProgress(io, orchestrator, { isShared: true });
  try {
    const started = await orchestrator.start(slug, { caseRef: chosen.case_id });
    const [settled] = await settle(io, orchestrator, [started], answering, progress);
    await progress.stop();
    if (!person) showQuestions(io, settled);
    return settled;
  } finally {
    await progress.stop();
  }
}

function caseThatAsks(cases: readonly CaseView[]): CaseView | undefined {
  return cases.find(({ about }) => about !== null && ENDS_IN_A_QUESTION.test(about)) ?? cases[1];
}

function showQuestions(io: Io, outcome: RunOutcome | undefined): void {
  const { host, paint } = io;
  for (const approval of outcome?.approvals ?? []) {
    io.note(`\n${approvalScreen(approval, { columns: host.columns, rows: host.rows, paint, now: host.now() }).text}`);
    io.note(paint.yellow("A name cannot know this, so the question stays open."));
  }
}

async function closing(
  io: Io,
  orchestrator: OrchestratorApi,
  outcomes: readonly RunOutcome[],
  asking: RunOutcome | undefined,
): Promise<void> {
  const { paint } = io;
  const views = await Promise.all(outcomes.map(({ run_id }) => orchestrator.status(run_id)));
  const kpis = views.flatMap((view) => view.kpis.map((kpi) => ({ of: view.mission, kpi })));
  const all = asking ? [...outcomes, asking] : outcomes;
  io.print({ runs: all, kpis: views.map(({ run_id, mission, kpis: of }) => ({ run_id, mission, kpis: of })) }, () =>
    [
      "",
      table(
        io,
        ["Run", "Status", "Id"],
        all.map(({ title, status, run_id }) => [title, statusWord(status, paint), run_id]),
      ),
      "",
      paint.bold("What it comes to"),
      kpiTable(io, kpis),
      ...wrap(LEGEND, io.host.columns - 1).map(paint.dim),
      "",
      paint.bold("Try next"),
      ...nextCommands(io, outcomes, asking).map((line) => `  ${line}`),
    ].join("\n"),
  );
}

function nextCommands(io: Io, outcomes: readonly RunOutcome[], asking: RunOutcome | undefined): string[] {
  const [first] = outcomes;
  const question = asking?.approvals.find(({ status }) => status === "pending");
  return [
    io.hint(first?.status === "completed" ? `report ${first.run_id}` : "runs"),
    io.hint(question ? `decide ${question.approval_id.slice(0, 12)}` : `show ${MISSIONS[0]}`),
    io.hint(asking ? `status ${asking.run_id}` : "approvals"),
  ];
}
