import { ulid } from "ulid";
import { hasCode, OrchestratorError } from "../core/errors.js";
import type { MissionEvent } from "../core/event.js";
import type { KillApi } from "../core/kill-views.js";
import type { Problem } from "../core/problem.js";
import type { ApprovalRecord, RunRecord } from "../core/records.js";
import type { RunStatus } from "../core/run.js";
import { isTerminal } from "../core/run.js";
import type {
  ApprovalView,
  CaseView,
  DecideOptions,
  DecideOutcome,
  FinalReport,
  InsightApi,
  MissionSummary,
  MissionView,
  OrchestratorApi,
  RunOutcome,
  RunSummary,
  StartOptions,
  StatusView,
} from "../core/views.js";
import { endCancelled } from "./cancel.js";
import { loadCases } from "./cases.js";
import type { Composition } from "./compose.js";
import { streamEvents } from "./event-stream.js";
import { assertOptions } from "./given.js";
import { createInsight } from "./insight.js";
import { createKills, stopOf, stopWords } from "./kills.js";
import { allProblems, assertRunnable, runnable, toMissionSummary } from "./missions.js";
import { titleTold, toldOf } from "./personal.js";
import { alreadyDecided, decided, expired } from "./requests.js";
import { findApproval, findRun, toApprovalViews, toStatus, toSummaries, unlessCode, versionsOf } from "./run-views.js";
import { differencesOf, notRepeated } from "./start-notes.js";
import { Worker } from "./worker.js";

/** What CLI, HTTP and library call: starts runs, takes decisions, continues what was left, tells how it stands. */
export class Orchestrator implements OrchestratorApi {
  readonly #parts: Composition;
  readonly #worker: Worker;
  readonly insight: InsightApi;
  readonly kill: KillApi;
  readonly #closed = new AbortController();
  #closing: Promise<void> | undefined;

  constructor(parts: Composition) {
    this.#parts = parts;
    this.#worker = new Worker(parts);
    this.insight = createInsight(parts);
    this.kill = createKills(parts);
  }

  /** What a graph of one's own needs: `missionGraph(mission, orchestrator.deps)`. */
  get deps(): Composition["deps"] {
    return this.#parts.deps;
  }

  /** Our saver, on the same store and commits as everything else. */
  get checkpointer(): Composition["store"]["checkpointer"] {
    return this.#parts.store.checkpointer;
  }

  /** The mission's graph, compiled on our saver, for plain `invoke` with a thread of one's own. */
  async graph(mission: string) {
    const loaded = await this.#parts.catalogue.open(mission);
    assertRunnable(loaded);
    return this.#worker.graph(loaded.mission);
  }

  async list(): Promise<readonly MissionSummary[]> {
    return this.#parts.catalogue.list().map(toMissionSummary);
  }

  async mission(mission: string): Promise<MissionView> {
    const { mission: document, version, file } = await this.#parts.catalogue.open(mission);
    return { mission: document, version, file };
  }

  async verify(mission: string): Promise<readonly Problem[]> {
    const entry = this.#parts.catalogue
      .list()
      .find((candidate) => [candidate.slug, candidate.missionId].includes(mission));
    return allProblems(entry ?? (await this.#parts.catalogue.open(mission)));
  }

  async cases(mission: string): Promise<readonly CaseView[]> {
    const loaded = await this.#parts.catalogue.open(mission);
    const cases = await loadCases(loaded.mission, this.#parts.dataFolder);
    return cases.map(({ id, title, data }) => ({
      case_id: id,
      title,
      about: typeof data["about"] === "string" ? data["about"] : null,
    }));
  }

  /** At most one open run for each mission and case: an open or completed one is returned, with a note that says so. */
  async start(mission: string, options: StartOptions = {}): Promise<RunOutcome> {
    assertOptions("start", options);
    if (options.again && !options.reason?.trim()) {
      throw new OrchestratorError(
        "reason_missing",
        'A new run of a case that was run before needs a reason: --again --reason "…".',
      );
    }
    const loaded = await runnable(await this.#parts.catalogue.open(mission));
    const { store } = this.#parts;
    const startedAt = this.#parts.clock.now();
    const prepared = await this.#parts.prepareCase(loaded.mission, options.caseRef, startedAt);
    const before = await store.runs.list({ missionId: loaded.mission.id, caseId: prepared.caseId });
    const [open] = before.filter((run) => !isTerminal(run.status) && run.host === "orchestrator");
    if (open) {
      options.onRun?.(open.runId);
      return this.#continueOpen(open, options.again === true, await differencesOf(this.#parts, open, loaded, options));
    }
    const completed = before.find((run) => run.status === "completed" && run.host === "orchestrator");
    if (completed && !options.again) {
      const differs = await differencesOf(this.#parts, completed, loaded, options);
      const note = `This case was completed by run ${completed.runId}. For another run add --again --reason "…".`;
      return this.#outcome(completed, [note, ...differs].join(" "));
    }
    const runId = ulid(startedAt.getTime());
    const started = await unlessCode(
      this.#worker
        .begin(loaded.mission, prepared, {
          runId,
          version: loaded.version,
          startedAt,
          dispatch: options.dispatch ?? "dataflow",
          ...(options.approver !== undefined && { approver: options.approver }),
          ...(options.reason !== undefined && { reason: options.reason }),
        })
        .then(() => true),
      "run_exists",
    );
    if (!started) return this.start(mission, options);
    options.onRun?.(runId);
    const note = await notRepeated(store, before);
    const worked = await unlessCode(this.#workedOn(runId, note), "run_busy");
    if (worked) return worked;
    return this.#outcome(
      await findRun(store, runId),
      "Another process has taken the new run up and works on it.",
      true,
    );
  }

  async resume(run?: string): Promise<readonly RunOutcome[]> {
    await this.#parts.stops.look();
    if (run === undefined) {
      const left = await this.#parts.store.runs.recoverable();
      const outcomes = await Promise.all(left.map((entry) => this.#resumed(entry)));
      return outcomes.filter((outcome) => outcome !== undefined);
    }
    const found = await findRun(this.#parts.store, run);
    if (found.host === "external") throw external(found);
    if (isTerminal(found.status)) return [await this.#outcome(found, `This run has ended already: ${found.status}.`)];
    return [await this.#workedOn(found.runId, null)];
  }

  async decide(approval: string, options: DecideOptions): Promise<DecideOutcome> {
    const { store, clock } = this.#parts;
    assertOptions("decide", options);
    const request = await this.#current(await findApproval(store, approval));
    if (request.status !== "pending") throw alreadyDecided(request);
    const by = { name: options.by ?? `local:${this.#parts.localUser}`, authenticated: options.authenticated ?? false };
    const unit = decided(store.approvals, request, options.digest ?? request.digest, options.decision, by, clock.now());
    const events = await toldOf(this.#parts, request.runId, unit.events);
    try {
      await store.commit({ ...unit, events });
    } catch (error) {
      if (!hasCode(error, "already_decided")) throw error;
      throw alreadyDecided((await store.approvals.find(request.approvalId)) ?? request);
    }
    return this.#afterDecision(request.approvalId, options.continue !== false);
  }

  async cancel(run: string, options: { by?: string } = {}): Promise<RunOutcome> {
    assertOptions("cancel", options);
    const { store, sessions } = this.#parts;
    const found = await findRun(store, run);
    if (isTerminal(found.status))
      return this.#outcome(found, `This run has ended already: ${found.status}. Nothing was changed.`);
    const by = options.by ?? `local:${this.#parts.localUser}`;
    await store.commit({
      statements: store.runs.requestCancel(found.runId, by),
      events: [
        {
          runId: found.runId,
          type: "run_cancel_requested",
          key: "run_cancel_requested",
          data: { by, title: titleTold(await versionsOf(store)(found.missionVersion), found) },
        },
      ],
    });
    if (found.host === "external") return this.#outcome(found, whereItGoesOn(found));
    (await sessions.find(found.runId))?.cancel();
    const { run: row, note, isElsewhere } = await endCancelled(this.#parts, this.#worker, found.runId);
    return this.#outcome(row, note, isElsewhere);
  }

  async status(run: string): Promise<StatusView> {
    const found = await findRun(this.#parts.store, run);
    return toStatus(this.#parts.store, found, await this.#worker.missionOf(found), await this.#parts.store.kills.on());
  }

  async runs(filter: { status?: readonly RunStatus[]; mission?: string } = {}): Promise<readonly RunSummary[]> {
    assertOptions("runs", filter);
    const missionId =
      filter.mission === undefined ? undefined : (await this.#parts.catalogue.open(filter.mission)).mission.id;
    return toSummaries(this.#parts.store, {
      ...(filter.status && { status: filter.status }),
      ...(missionId !== undefined && { missionId }),
    });
  }

  async approvals(filter: { run?: string; all?: boolean } = {}): Promise<readonly ApprovalView[]> {
    assertOptions("approvals", filter);
    const { store } = this.#parts;
    const runId = filter.run === undefined ? undefined : (await findRun(store, filter.run)).runId;
    const pending = await store.approvals.list({ status: ["pending"], ...(runId !== undefined && { runId }) });
    for (const request of pending) await this.#current(request);
    const list = await store.approvals.list({
      ...(runId !== undefined && { runId }),
      ...(!filter.all && { status: ["pending"] as const }),
    });
    return toApprovalViews(store, list);
  }

  async approval(id: string): Promise<ApprovalView> {
    const [view] = await toApprovalViews(this.#parts.store, [await findApproval(this.#parts.store, id)]);
    if (!view) throw new OrchestratorError("approval_not_found", `There is no approval "${id}".`);
    return view;
  }

  async report(run: string): Promise<FinalReport> {
    const found = await findRun(this.#parts.store, run);
    if (found.report) return found.report as unknown as FinalReport; // safe: only the report node writes it
    throw new OrchestratorError(
      "run_not_ended",
      `Run ${found.runId} (${found.title}) is ${found.status}: its report comes when it ends. "mission status ${found.runId}" shows how it stands.`,
    );
  }

  events(run?: string, options: { signal?: AbortSignal } = {}): AsyncIterable<MissionEvent> {
    return streamEvents(
      this.#parts,
      run === undefined ? undefined : () => findRun(this.#parts.store, run),
      options.signal,
      this.#closed.signal,
    );
  }

  drain(): Promise<void> {
    return this.#worker.drain();
  }

  /** Drains, then closes what tools keep open and the store. A second call waits for the first. */
  close(): Promise<void> {
    this.#closing ??= this.drain().then(async () => {
      this.#closed.abort();
      await this.#parts.library.close();
      return this.#parts.store.close();
    });
    return this.#closing;
  }

  /** One of many: what keeps it from going on is said of it, and does not keep the others from going on. */
  async #resumed(run: RunRecord): Promise<RunOutcome | undefined> {
    try {
      return await unlessCode(this.#workedOn(run.runId, null), "run_busy", "stale_owner");
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      return this.#outcome(await findRun(this.#parts.store, run.runId), `It could not go on: ${reason}`);
    }
  }

  async #continueOpen(open: RunRecord, isAgain: boolean, differences: readonly string[]): Promise<RunOutcome> {
    if (isAgain) {
      throw new OrchestratorError(
        "run_exists",
        `Run ${open.runId} of this case (${open.title}) is still open: ${open.status}. End or cancel it before another run.`,
      );
    }
    const stopped = await stopOf(this.#parts, open.runId);
    const row = stopped === undefined ? await unlessCode(this.#worker.work(open.runId), "run_busy") : open;
    const note = row
      ? (stopped ?? `This case had an open run; it was continued.`)
      : `Run ${open.runId} of this case is being worked on by another process.`;
    return this.#outcome(row ?? (await findRun(this.#parts.store, open.runId)), [note, ...differences].join(" "), !row);
  }

  /** A run that was begun while this process shuts down, or that the kill switch stops, is left for "mission resume". */
  async #workedOn(runId: string, note: string | null): Promise<RunOutcome> {
    const stopped = stopWords(this.#parts.stops, runId);
    if (stopped !== undefined) return this.#outcome(await findRun(this.#parts.store, runId), stopped);
    const row = await unlessCode(this.#worker.work(runId), "closed");
    if (row) return this.#outcome(row, note);
    const left = `This process is shutting down: "mission resume ${runId}" continues the run.`;
    return this.#outcome(await findRun(this.#parts.store, runId), left);
  }

  /** The request as it stands now: past its due time it expires and is raised anew. */
  async #current(request: ApprovalRecord): Promise<ApprovalRecord> {
    const { store, clock } = this.#parts;
    const now = clock.now();
    if (request.status !== "pending" || request.dueAt > now) return request;
    const { statements, events } = expired(store.approvals, request, now);
    const told = await toldOf(this.#parts, request.runId, events);
    await unlessCode(store.commit({ statements, events: told }), "already_decided");
    return (await store.approvals.find(request.approvalId)) ?? request;
  }

  async #afterDecision(approvalId: string, mayContinue: boolean): Promise<DecideOutcome> {
    const { store } = this.#parts;
    const request = await findApproval(store, approvalId);
    const run = await findRun(store, request.runId);
    const outcome = (continued: DecideOutcome["continued"], status: RunStatus, note: string | null): DecideOutcome => ({
      approval_id: request.approvalId,
      run_id: run.runId,
      title: run.title,
      status: request.status,
      decided_by: request.decidedBy ?? "",
      run_status: status,
      continued,
      note,
    });
    if (run.host === "external") return outcome("elsewhere", run.status, whereItGoesOn(run));
    const stopped = await stopOf(this.#parts, run.runId);
    if (stopped !== undefined) return outcome("not_continued", run.status, `The decision is kept. ${stopped}`);
    const isLeft = !mayContinue || this.#worker.isDraining;
    if (isLeft) return outcome("not_continued", run.status, `"mission resume ${run.runId}" continues it.`);
    const row = await unlessCode(this.#worker.work(run.runId), "run_busy", "stale_owner");
    return row
      ? outcome("here", row.status, null)
      : outcome("by_owner", run.status, "The process that works on the run goes on with it.");
  }

  async #outcome(run: RunRecord, note: string | null, isElsewhere = false): Promise<RunOutcome> {
    const pending = await this.#parts.store.approvals.list({ runId: run.runId, status: ["pending"] });
    return {
      run_id: run.runId,
      title: run.title,
      status: run.status,
      approvals: await toApprovalViews(this.#parts.store, pending),
      note,
      is_elsewhere: isElsewhere,
    };
  }
}

function whereItGoesOn(run: RunRecord): string {
  return `This run was started by a graph of somebody's own (Studio, a script or a parent graph): invoke that graph again on thread ${run.runId.split("/")[0] ?? run.runId} to go on.`;
}

function external(run: RunRecord): OrchestratorError {
  return new OrchestratorError(
    "external_run",
    `Run ${run.runId} (${run.title}) cannot be continued from here. ${whereItGoesOn(run)}`,
  );
}
