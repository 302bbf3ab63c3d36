import { z } from "zod";
import type { Json, JsonObject } from "./digest.js";
import { didYouMean } from "./lookup.js";
import type { SourcedDocument } from "./merge-documents.js";
import { IdSchema } from "./mission.js";
import type { Place, Problem } from "./problem.js";
import { escapeKey } from "./problem.js";

const MissionRowSchema = z.strictObject({ mission_id: IdSchema, mission_name: z.string(), description: z.string() });
const TasksRowSchema = z.strictObject({
  mission_id: IdSchema,
  tasks: z.array(
    z.strictObject({
      task_id: IdSchema,
      task: z.string(),
      order: z.int().positive(),
      depends_on: z.array(z.string()),
      estimated_duration_minutes: z.number().nonnegative(),
      requires_human_approval: z.boolean(),
    }),
  ),
});
const KpisRowSchema = z.strictObject({ mission_id: IdSchema, kpis: z.record(z.string(), z.number()) });
const AgentRowSchema = z.strictObject({ agent_id: IdSchema, name: z.string(), description: z.string() });
const CapabilityRowSchema = z.strictObject({ task_id: IdSchema, capable_agents: z.array(z.string()) });

const MEANING = { unit: z.string().min(1), direction: z.enum(["lower", "higher"]), source: z.string().min(1) };
/** `at_end` needs a `measure`; `later` is pending until somebody tells it. */
const KNOWN = { known: z.enum(["at_end", "later"]).default("at_end"), measure: z.string().min(1).optional() };

/** What one key of the dataset's KPI file means: half of a KPI, or a limit (`lower` is better: at most; `higher`: at least). */
const KpiDefinitionSchema = z.discriminatedUnion("role", [
  z.strictObject({ role: z.enum(["target", "baseline"]), kpi_id: IdSchema, ...MEANING, ...KNOWN }),
  z.strictObject({ role: z.literal("limit"), limit_id: IdSchema, ...MEANING, ...KNOWN }),
]);
type KpiDefinition = z.output<typeof KpiDefinitionSchema>;

/** The dataset's files and the one that says what its KPI keys mean, with the schema of each. */
export const DATASET_SCHEMAS = {
  "business_missions.json": z.array(MissionRowSchema),
  "decomposed_mission_tasks.json": z.array(TasksRowSchema),
  "mission_kpis.json": z.array(KpisRowSchema),
  "specialized_agents.json": z.array(AgentRowSchema),
  "agent_capabilities_matrix.json": z.array(CapabilityRowSchema),
  "kpi_definitions.json": z.record(z.string(), KpiDefinitionSchema),
} as const;

/** The parsed files by name; one that is missing or broken counts as empty. */
export type Dataset = { readonly [Name in keyof typeof DATASET_SCHEMAS]?: z.output<(typeof DATASET_SCHEMAS)[Name]> };

/** The dataset's part of one mission, and what is wrong with it. */
export interface DatasetMission extends SourcedDocument {
  readonly problems: readonly Problem[];
}

/** The dataset's part of each mission, by mission id, in the shape of a mission file; and rows that belong to none. */
export function datasetDocuments(dataset: Dataset): {
  readonly documents: ReadonlyMap<string, DatasetMission>;
  readonly problems: readonly Problem[];
} {
  const problems: Problem[] = [];
  const documents = new Map<string, DatasetMission>();
  const missions = dataset["business_missions.json"] ?? [];
  for (const [index, row] of missions.entries()) {
    if (documents.has(row.mission_id)) {
      const place = { file: "business_missions.json", pointer: `/${index}/mission_id` };
      problems.push({
        severity: "error",
        code: "duplicate_id",
        ...place,
        message: `mission ${row.mission_id} stands twice.`,
      });
    } else documents.set(row.mission_id, toDocument(dataset, row, index));
  }
  return { documents, problems: [...problems, ...strays(dataset, [...documents.keys()])] };
}

function toDocument(dataset: Dataset, mission: z.output<typeof MissionRowSchema>, index: number): DatasetMission {
  const problems: Problem[] = [];
  const origins = new Map<string, Place>([["", { file: "business_missions.json", pointer: `/${index}` }]]);
  const taskRows = dataset["decomposed_mission_tasks.json"] ?? [];
  const tasksAt = taskRows.findIndex(({ mission_id }) => mission_id === mission.mission_id);
  const tasks = taskRows[tasksAt]?.tasks ?? [];
  origins.set("/tasks", { file: "decomposed_mission_tasks.json", pointer: tasksAt < 0 ? "" : `/${tasksAt}/tasks` });

  const capabilities: Record<string, Json> = {};
  for (const [row, { task_id, capable_agents }] of (dataset["agent_capabilities_matrix.json"] ?? []).entries()) {
    if (!tasks.some((task) => task.task_id === task_id)) continue;
    capabilities[task_id] = capable_agents;
    const place = { file: "agent_capabilities_matrix.json", pointer: `/${row}/capable_agents` };
    origins.set(`/capabilities/${escapeKey(task_id)}`, place);
  }
  const figures = toFigures(dataset, mission.mission_id, origins, problems);
  return { document: { ...mission, ...figures, tasks, capabilities }, origins, problems };
}

/** KPIs and limits out of a mission's row of figures; a KPI's two figures become one entry. */
function toFigures(dataset: Dataset, missionId: string, origins: Map<string, Place>, problems: Problem[]): JsonObject {
  const definitions = dataset["kpi_definitions.json"] ?? {};
  const rows = dataset["mission_kpis.json"] ?? [];
  const rowAt = rows.findIndex(({ mission_id }) => mission_id === missionId);
  const kpis = new Map<string, { at: number; entry: Record<string, Json> }>();
  const limits: JsonObject[] = [];
  for (const [key, value] of Object.entries(rows[rowAt]?.kpis ?? {})) {
    const figure = { file: "mission_kpis.json", pointer: `/${rowAt}/kpis/${escapeKey(key)}` };
    const meaning = { file: "kpi_definitions.json", pointer: `/${escapeKey(key)}` };
    const definition = Object.hasOwn(definitions, key) ? definitions[key] : undefined;
    if (definition === undefined) {
      const message = `kpi_definitions.json does not say what "${key}" means.${didYouMean(key, Object.keys(definitions))}`;
      problems.push({ severity: "error", code: "kpi_unknown", ...figure, message });
    } else if (definition.role === "limit") {
      origins.set(`/limits/${limits.length}`, meaning).set(`/limits/${limits.length}/value`, figure);
      limits.push({
        limit_id: definition.limit_id,
        unit: definition.unit,
        ...known(definition),
        op: definition.direction === "lower" ? "<=" : ">=",
        value,
      });
    } else {
      const { kpi_id, unit, direction, source } = definition;
      const shared: Readonly<Record<string, Json>> = { kpi_id, unit, direction, source, ...known(definition) };
      const kpi = kpis.get(kpi_id) ?? { at: kpis.size, entry: { ...shared } };
      if (!kpis.has(kpi_id)) origins.set(`/kpis/${kpi.at}`, meaning);
      kpis.set(kpi_id, kpi);
      for (const [field, said] of Object.entries(shared)) {
        if (kpi.entry[field] === said) continue;
        const message = `target and baseline of ${kpi_id} must agree on "${field}"; found ${JSON.stringify(kpi.entry[field])} and ${JSON.stringify(said)}.`;
        problems.push({ severity: "error", code: "file_shape", ...meaning, message });
      }
      kpi.entry[definition.role] = value;
      origins.set(`/kpis/${kpi.at}/${definition.role}`, figure);
    }
  }
  return { kpis: [...kpis.values()].map(({ entry }) => entry), limits };
}

function known({ known, measure }: KpiDefinition): { known: "at_end" | "later"; measure?: string } {
  return { known, ...(measure !== undefined && { measure }) };
}

/** Rows of missions, tasks or agents that no other file knows. */
function strays(dataset: Dataset, missionIds: readonly string[]): readonly Problem[] {
  const taskRows = dataset["decomposed_mission_tasks.json"] ?? [];
  const taskIds = taskRows.flatMap(({ tasks }) => tasks.map(({ task_id }) => task_id));
  const stray = (
    file: string,
    pointer: string,
    what: string,
    id: string,
    ids: readonly string[],
  ): readonly Problem[] =>
    ids.includes(id)
      ? []
      : [
          {
            severity: "error",
            code: "unknown_name",
            file,
            pointer,
            message: `the dataset has no ${what} "${id}".${didYouMean(id, ids)}`,
          },
        ];
  return [
    ...taskRows.flatMap(({ mission_id }, row) =>
      stray("decomposed_mission_tasks.json", `/${row}/mission_id`, "mission", mission_id, missionIds),
    ),
    ...(dataset["mission_kpis.json"] ?? []).flatMap(({ mission_id }, row) =>
      stray("mission_kpis.json", `/${row}/mission_id`, "mission", mission_id, missionIds),
    ),
    ...(dataset["agent_capabilities_matrix.json"] ?? []).flatMap(({ task_id }, row) =>
      stray("agent_capabilities_matrix.json", `/${row}/task_id`, "task", task_id, taskIds),
    ),
  ];
}
