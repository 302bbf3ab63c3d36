import { z } from "zod";
import { isJsonObject } from "../../core/define-agent.js";
import type { Json } from "../../core/digest.js";
import type { ToolDefinition } from "../../core/tool.js";
import { defineTool } from "../define-tool.js";
import { made } from "./factory.js";
import { Format, JsonValue, toRows, toValue } from "./formats.js";

/** The gate lets no more through. */
const MAX_TEXT = 1_048_576;
const TIMEOUT_MS = 10_000;

const ConverterOptionsSchema = z.strictObject({ source: z.string().min(1).max(200).default("/mission-orchestrator") });

/** What the converting tools are made of; everything has a default. */
export interface ConverterOptions {
  /** The `source` of the events that are made, a URI reference. */
  readonly source?: string;
}

/** CloudEvents 1.0 in its JSON form; what else an envelope carries is kept out. */
const EnvelopeSchema = z.object({
  specversion: z.literal("1.0"),
  id: z.string().min(1),
  source: z.string().min(1),
  type: z.string().min(1),
  subject: z.string().min(1).optional(),
  time: z.iso.datetime({ offset: true }).optional(),
  data: z.json().optional(),
});

/** `convert_data`: JSON, CSV, XML and event envelopes into one another. It reads nothing and reaches nobody. */
export function converters(options: ConverterOptions = {}): readonly ToolDefinition[] {
  return made("converters", ConverterOptionsSchema, options, ({ source }) => [convertData(source)]);
}

function convertData(source: string): ToolDefinition {
  return defineTool({
    name: "convert_data",
    description:
      "Converts a text: from JSON, CSV, TSV, XML or an event (CloudEvents 1.0 in JSON; its data is taken) to JSON, CSV or an event of the given type. Not for files.",
    input: z.strictObject({
      text: z.string().max(MAX_TEXT),
      from: z.enum([...Format.options, "event"]),
      to: z.enum(["json", "csv", "event"]).default("json"),
      /** Of the event that is made. */
      eventType: z.string().min(1).max(200).default("converted"),
    }),
    output: z.strictObject({ value: JsonValue }),
    effect: "reads",
    timeoutMs: TIMEOUT_MS,
    maxCostMicroUsd: 0,
    async run({ text, from, to, eventType }, { now, runId }) {
      const value = from === "event" ? dataOf(await toValue("json", text)) : await toValue(from, text);
      if (to === "json") return { value };
      return { value: to === "csv" ? await toRows(value) : envelope(value, { source, runId, eventType, at: now() }) };
    },
  });
}

function dataOf(value: Json): Json {
  const parsed = EnvelopeSchema.safeParse(value);
  if (!parsed.success)
    throw new Error(`It is no event of CloudEvents 1.0: ${z.prettifyError(parsed.error).replaceAll("\n", " ")}`);
  if (isJsonObject(value) && typeof value["data_base64"] === "string")
    throw new Error("The event's data is not JSON but base64.");
  return parsed.data.data ?? null;
}

function envelope(data: Json, of: { source: string; runId: string; eventType: string; at: Date }): Json {
  return {
    specversion: "1.0",
    id: crypto.randomUUID(),
    source: of.source,
    type: of.eventType,
    subject: of.runId,
    time: of.at.toISOString(),
    datacontenttype: "application/json",
    data,
  };
}
