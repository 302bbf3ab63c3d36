import { z } from "zod";
import type { JsonObject } from "../../core/digest.js";
import type { ToolDefinition } from "../../core/tool.js";

/** Where the acts of the missions go, instead of into our own tables. */
export interface ActsElsewhere {
  /** Of one world of the counterpart. */
  readonly url: string;
  /** True for tools that never ask what was done, as none should: to show that the proof would find it. */
  readonly isForgetful: boolean;
}

const Made = z.object({ id: z.string() });
const Found = z.object({ data: z.array(Made) });
const Message = z.looseObject({ to: z.string(), purpose: z.string() });
const Entry = z.looseObject({ subject: z.string(), calendar_ids: z.array(z.string()) });

/**
 * `put_in_outbox` and `book_calendar_entry` as acts at the counterpart, which does whatever it is asked, each time: it gets
 * no key to know a call by, only a reference to find it under. Other tools stay as they are.
 */
export function actingElsewhere(tool: ToolDefinition, where: ActsElsewhere): ToolDefinition {
  const act = ACTS[tool.name];
  if (!act) return tool;
  return {
    ...tool,
    async reconcile(reference, args) {
      const path = `${act.path}?reference=${encodeURIComponent(reference)}`;
      const [made] = where.isForgetful ? [] : Found.parse(await ask(where, path)).data;
      return made ? { outcome: "done", result: act.answer(made.id, args) } : { outcome: "not_done" };
    },
    async run(args, { idempotencyKey: reference }) {
      const { id } = Made.parse(await ask(where, act.path, { to: act.to(args), reference }));
      return act.answer(id, args);
    },
  };
}

const ACTS: Readonly<
  Record<string, { path: string; to(args: unknown): string; answer(id: string, args: unknown): JsonObject }>
> = {
  put_in_outbox: {
    path: "/mails",
    to(args) {
      const { to, purpose } = Message.parse(args);
      return `${to} ${purpose}`;
    },
    answer: (id) => ({ message_id: id }),
  },
  book_calendar_entry: {
    path: "/entries",
    to: (args) => Entry.parse(args).subject,
    answer: (id, args) => ({ entry_ids: Entry.parse(args).calendar_ids.map((calendar) => `${id} ${calendar}`) }),
  },
};

async function ask({ url }: ActsElsewhere, path: string, body?: JsonObject): Promise<unknown> {
  const headers = { "content-type": "application/json" };
  const response = await fetch(`${url}${path}`, body ? { method: "POST", headers, body: JSON.stringify(body) } : {});
  if (!response.ok) throw new Error(`The counterpart answered ${response.status}: ${await response.text()}`);
  return response.json();
}
