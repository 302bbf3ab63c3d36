import { mkdirSync, mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { AgentDefinition } from "../../core/define-agent.js";
import type { JsonObject } from "../../core/digest.js";
import type { Clock } from "../../core/ports.js";
import type { ToolDefinition } from "../../core/tool.js";
import type { Composition } from "../../runtime/compose.js";
import { compose } from "../../runtime/compose.js";
import { Orchestrator } from "../../runtime/orchestrator.js";
import type { MissionParts } from "./missions.js";
import { missionDocument } from "./missions.js";

/** The real engine on a new SQLite file, with nothing in it but what a test gives. */
export interface Engine {
  readonly orchestrator: Orchestrator;
  readonly parts: Composition;
  /** A folder for mission files, gone after `drop`. */
  readonly folder: string;
  /** Of its store. */
  readonly path: string;
  /** What is kept on disk once everything is written: closes the engine, which empties the write-ahead log. */
  bytesKept(): Promise<number>;
  drop(): Promise<void>;
}

/** What a test gives; missions as `missionDocument` takes them. */
export interface EngineOptions {
  readonly missions?: readonly MissionParts[];
  readonly agents: readonly AgentDefinition[];
  // biome-ignore lint/suspicious/noExplicitAny: a list of tools holds tools of every input and output.
  readonly tools?: readonly ToolDefinition<string, any, any>[];
  readonly afterCommit?: () => void;
  readonly clock?: Clock;
  /** The file of an engine that was closed: this one goes on with it. */
  readonly path?: string;
  readonly leaseMs?: number;
  /** The administrator's folder of policies. */
  readonly policies?: string;
}

/** Opens the engine; a data folder without missions keeps ours out of the way. */
export async function openEngine(options: EngineOptions): Promise<Engine> {
  const { missions = [], agents, tools = [], afterCommit, clock } = options;
  const folder = mkdtempSync(join(tmpdir(), "mission-engine-"));
  const data = join(folder, "data");
  const path = options.path ?? join(folder, "missions.db");
  mkdirSync(data);
  const parts = await compose({
    store: `sqlite:${path}`,
    data,
    // Safe: a mission document is plain JSON.
    missions: missions.map((mission) => missionDocument(mission) as unknown as JsonObject),
    agents,
    tools,
    ...(clock && { clock }),
    ...(options.leaseMs !== undefined && { leaseMs: options.leaseMs }),
    ...(options.policies !== undefined && { policies: options.policies }),
    storeOptions: { ...(afterCommit && { afterCommit }) },
  });
  const orchestrator = new Orchestrator(parts);
  return {
    orchestrator,
    parts,
    folder,
    path,
    async bytesKept() {
      await orchestrator.close();
      return statSync(path).size;
    },
    async drop() {
      await orchestrator.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
