import { randomUUID } from "node:crypto";
import type { RunnableConfig } from "@langchain/core/runnables";
import { Annotation, Command, END, interrupt, MemorySaver, START, StateGraph } from "@langchain/langgraph";
import type {
  BaseCheckpointSaver,
  Checkpoint,
  CheckpointMetadata,
  CheckpointTuple,
} from "@langchain/langgraph-checkpoint";
import { ERROR, emptyCheckpoint, INTERRUPT, uuid6 } from "@langchain/langgraph-checkpoint";
import { afterEach, describe, expect, test } from "vitest";
import { BY_ROWS } from "../../../runtime/store/saver-config.js";
import { closeSqlite, openSqlite } from "../../../runtime/store/sqlite.js";
import type { StoreOptions } from "../../../runtime/store/store.js";
import { runRecord } from "../../support/records.js";
import type { FreshStore } from "../../support/store.js";
import { openFreshStore } from "../../support/store.js";

let fresh: FreshStore;

async function open(options: StoreOptions = {}): Promise<BaseCheckpointSaver> {
  fresh = await openFreshStore(options);
  return fresh.store.checkpointer;
}

afterEach(() => fresh.drop());

/** Puts a checkpoint behind the one of the config; only the named channels count as changed. */
function put(
  saver: BaseCheckpointSaver,
  config: RunnableConfig,
  values: Checkpoint["channel_values"],
  step: number,
  changed = Object.keys(values),
) {
  const channel_versions = Object.fromEntries(
    Object.keys(values).map((channel) => [channel, changed.includes(channel) ? step : 1]),
  );
  const checkpoint = { ...emptyCheckpoint(), id: uuid6(step), channel_values: values, channel_versions };
  const newVersions = Object.fromEntries(changed.map((channel) => [channel, step]));
  return saver.put(config, checkpoint, { source: "loop", step, parents: {} }, newVersions);
}

function thread(checkpoint_ns = "", thread_id = "T"): RunnableConfig {
  return { configurable: { thread_id, checkpoint_ns } };
}

async function listed(saver: BaseCheckpointSaver, config: RunnableConfig, options = {}): Promise<CheckpointTuple[]> {
  const tuples: CheckpointTuple[] = [];
  for await (const tuple of saver.list(config, options)) tuples.push(tuple);
  return tuples;
}

const idOf = (config: RunnableConfig | undefined): unknown => config?.configurable?.["checkpoint_id"];

/** Rows of the saver's tables, and bytes in them. */
function kept(): { rows: Record<string, number>; bytes: number } {
  const file = openSqlite(fresh.path);
  const tables = { checkpoints: "checkpoint", checkpoint_blobs: "value", checkpoint_writes: "value" };
  const rows: Record<string, number> = {};
  let bytes = 0;
  for (const [table, column] of Object.entries(tables)) {
    const query = `select count(*) as rows, coalesce(sum(length(${column})), 0) as bytes from ${table}`;
    // Safe: the query selects exactly these two.
    const found = file.handle.prepare(query).get() as { rows: number; bytes: number };
    rows[table] = found.rows;
    bytes += found.bytes;
  }
  closeSqlite(file);
  return { rows, bytes };
}

/** A graph that asks once in every round, as a mission with approvals does. */
function askingGraph(saver: BaseCheckpointSaver, rounds: number) {
  const State = Annotation.Root({
    answers: Annotation<Record<string, string>>({
      reducer: (known, added) => ({ ...known, ...added }),
      default: () => ({}),
    }),
    plan: Annotation<string>(),
  });
  return new StateGraph(State)
    .addNode("ask", ({ answers }) => {
      const round = Object.keys(answers).length;
      return { answers: { [`round ${round}`]: String(interrupt({ round })) } };
    })
    .addEdge(START, "ask")
    .addConditionalEdges("ask", ({ answers }) => (Object.keys(answers).length < rounds ? "ask" : END), ["ask", END])
    .compile({ checkpointer: saver })
    .withConfig({ recursionLimit: 1_000 });
}

/** Asks inside a subgraph, between steps that write only one of two channels. */
function nestedGraph(saver: BaseCheckpointSaver) {
  const State = Annotation.Root({
    plan: Annotation<string>(),
    log: Annotation<string[]>({ reducer: (known, added) => [...known, ...added], default: () => [] }),
  });
  const Inner = Annotation.Root({
    steps: Annotation<string[]>({ reducer: (a, b) => [...a, ...b], default: () => [] }),
  });
  const inner = new StateGraph(Inner)
    .addNode("first", () => ({ steps: ["inner 1"] }))
    .addNode("ask", () => ({ steps: [`answered ${String(interrupt("go on?"))}`] }))
    .addEdge(START, "first")
    .addEdge("first", "ask")
    .addEdge("ask", END)
    .compile();
  return new StateGraph(State)
    .addNode("before", () => ({ log: ["before"] }))
    .addNode("middle", async (_state, config) => ({ log: (await inner.invoke({ steps: [] }, config)).steps }))
    .addNode("after", () => ({ log: ["after"] }))
    .addEdge(START, "before")
    .addEdge("before", "middle")
    .addEdge("middle", "after")
    .addEdge("after", END)
    .compile({ checkpointer: saver });
}

describe("what is kept (I8)", () => {
  test("the newest two checkpoints of each thread and namespace stay, with their values; what was written after the older one is in the newer", async () => {
    const saver = await open();
    for (const config of [thread(), thread("child:1"), thread("", "U")]) {
      let at = config;
      for (let step = 1; step <= 6; step += 1) {
        at = await put(saver, at, { plan: "steady", tasks: step }, step, step === 1 ? ["plan", "tasks"] : ["tasks"]);
        await saver.putWrites(at, [["tasks", step]], "task");
      }
      const tuples = await listed(saver, config);
      expect(tuples.map((tuple) => tuple.checkpoint.channel_values)).toEqual([
        { plan: "steady", tasks: 6 },
        { plan: "steady", tasks: 5 },
      ]);
      expect(tuples.map((tuple) => tuple.pendingWrites)).toEqual([[["task", "tasks", 6]], []]);
      expect(await saver.getTuple(config)).toMatchObject({ config: at, parentConfig: tuples[1]?.config });
    }

    expect(kept().rows).toEqual({ checkpoints: 6, checkpoint_blobs: 9, checkpoint_writes: 3 });
    await saver.deleteThread("T");
    expect(kept().rows).toEqual({ checkpoints: 2, checkpoint_blobs: 3, checkpoint_writes: 1 });
  });

  test("a number keeps so many, `all` keeps all", async () => {
    for (const [history, count] of [
      [1, 1],
      [5, 5],
      ["all", 8],
    ] as const) {
      const saver = await open({ history });
      let at = thread();
      for (let step = 1; step <= 8; step += 1) at = await put(saver, at, { step }, step);
      expect(await listed(saver, thread())).toHaveLength(count);
      expect((await saver.getTuple(thread()))?.checkpoint.channel_values).toEqual({ step: 8 });
      await fresh.drop();
    }
    await open();
  });

  test("going on from the older of the two works, and then from what came of it", async () => {
    const saver = await open();
    const first = await put(saver, thread(), { plan: "p", step: 1 }, 1);
    const second = await put(saver, first, { plan: "p", step: 2 }, 2, ["step"]);
    expect((await saver.getTuple(first))?.checkpoint.channel_values).toEqual({ plan: "p", step: 1 });

    const fork = await put(saver, first, { plan: "p", step: 3 }, 3, ["step"]);
    expect(await saver.getTuple(thread())).toMatchObject({ config: fork, parentConfig: first });
    expect((await saver.getTuple(fork))?.checkpoint.channel_values).toEqual({ plan: "p", step: 3 });
    expect((await saver.getTuple(second))?.checkpoint.channel_values).toEqual({ plan: "p", step: 2 });
    expect(await saver.getTuple(first)).toBeUndefined();
  });

  test("a graph that asks many times keeps no more than one that asks few times, but for its answers", async () => {
    const bytesAfter = async (rounds: number): Promise<number> => {
      const saver = await open();
      const graph = askingGraph(saver, rounds);
      let state = await graph.invoke({ plan: "p".repeat(2_000) }, { ...thread(), durability: "sync" });
      for (let round = 0; round < rounds; round += 1) {
        expect(state).toHaveProperty("__interrupt__");
        state = await graph.invoke(new Command({ resume: `answer ${round}` }), { ...thread(), durability: "sync" });
      }
      expect(Object.keys(state.answers)).toHaveLength(rounds);
      const { bytes, rows } = kept();
      expect(rows["checkpoints"]).toBe(2);
      await fresh.drop();
      return bytes;
    };

    const [fifty, hundred] = [await bytesAfter(50), await bytesAfter(100)];
    expect(hundred / fifty).toBeLessThanOrEqual(2.2);
    await open();
  });
});

describe("writes of a superstep", () => {
  test("a task's writes are made once; errors and interrupts are replaced", async () => {
    const saver = await open();
    const at = await put(saver, thread(), { a: 1 }, 1);
    await saver.putWrites(
      at,
      [
        ["a", "first"],
        ["b", "first"],
      ],
      "task",
    );
    await saver.putWrites(
      at,
      [
        ["a", "second"],
        ["b", "second"],
        ["c", "second"],
      ],
      "task",
    );
    await saver.putWrites(at, [[ERROR, "first"]], "other");
    await saver.putWrites(
      at,
      [
        [ERROR, "second"],
        [INTERRUPT, "asked"],
      ],
      "other",
    );

    const writes = (await saver.getTuple(at))?.pendingWrites ?? [];
    expect(new Set(writes.map((write) => JSON.stringify(write)))).toEqual(
      new Set([
        '["task","a","first"]',
        '["task","b","first"]',
        '["task","c","second"]',
        `["other","${ERROR}","second"]`,
        `["other","${INTERRUPT}","asked"]`,
      ]),
    );
  });

  test("writes without a thread or a checkpoint are a mistake that is told", async () => {
    const saver = await open();
    await expect(saver.putWrites({ configurable: { checkpoint_id: "1" } }, [["a", 1]], "task")).rejects.toThrow(
      "thread_id",
    );
    await expect(saver.putWrites(thread(), [["a", 1]], "task")).rejects.toThrow("checkpoint_id");
    expect(await saver.getTuple({ configurable: {} })).toBeUndefined();
  });

  test("two branches of a fork keep their own values, though both were next", async () => {
    const saver = await open({ history: "all" });
    const graph = askingGraph(saver, 3);
    await graph.invoke({ plan: "p" }, thread());
    await graph.invoke(new Command({ resume: "yes" }), thread());
    const [asked] = await listed(saver, thread());
    await graph.invoke(new Command({ resume: "left" }), thread());
    const left = await graph.getState(thread());
    const fork = await graph.updateState(asked?.config ?? {}, { answers: { "round 1": "right" } }, "ask");

    const right = await graph.getState({ configurable: { ...fork.configurable } });
    expect(right.values.answers).toEqual({ "round 0": "yes", "round 1": "right" });
    expect((await graph.getState(left.config)).values.answers).toEqual({ "round 0": "yes", "round 1": "left" });
    const end = await graph.invoke(new Command({ resume: "last" }), { configurable: { ...fork.configurable } });
    expect(end.answers).toEqual({ "round 0": "yes", "round 1": "right", "round 2": "last" });
  });
});

describe("any durability", () => {
  test.each(["sync", "async", "exit"] as const)(
    "with %s a graph with subgraphs ends as it does in memory",
    async (durability) => {
      const ends: unknown[] = [];
      for (const saver of [new MemorySaver(), await open()]) {
        const graph = nestedGraph(saver);
        const paused = await graph.invoke({ plan: "p" }, { ...thread("", durability), durability });
        ends.push(paused.log, (await graph.getState(thread("", durability))).values);
        const end = await graph.invoke(new Command({ resume: "yes" }), { ...thread("", durability), durability });
        ends.push(end, (await graph.getState(thread("", durability))).values);
      }

      expect(ends.slice(4)).toEqual(ends.slice(0, 4));
      expect(ends[3]).toEqual({ plan: "p", log: ["before", "inner 1", "answered yes", "after"] });
    },
  );
});

describe("the owner's fence (I7)", () => {
  test("a graph whose run is taken over in the middle stops there; its successor repeats only that node", async () => {
    const saver = await open();
    const { store } = fresh;
    await store.commit({ statements: store.runs.create(runRecord("R1")) });
    const ran: string[] = [];
    let thief: Promise<number> | undefined;
    const State = Annotation.Root({ n: Annotation<number>({ reducer: (a, b) => a + b, default: () => 0 }) });
    const graph = new StateGraph(State)
      .addNode("one", () => ({ n: ran.push("one") && 1 }))
      .addNode("two", async () => {
        ran.push("two");
        thief ??= steal();
        await thief;
        return { n: 10 };
      })
      .addNode("three", () => ({ n: ran.push("three") && 100 }))
      .addEdge(START, "one")
      .addEdge("one", "two")
      .addEdge("two", "three")
      .addEdge("three", END)
      .compile({ checkpointer: saver });
    const steal = async (): Promise<number> => {
      await store.runs.renewLease({ runId: "R1", fence }, -1);
      return store.runs.takeLease("R1", `2@elsewhere.example:${randomUUID()}`, 60_000);
    };
    const fence = await store.runs.takeLease("R1", `1@elsewhere.example:${randomUUID()}`, 60_000);
    const config = (fenced: number) => ({
      configurable: { thread_id: "R1", run_id: "R1", fence: fenced },
      durability: "sync" as const,
    });

    await expect(graph.invoke({ n: 0 }, config(fence))).rejects.toMatchObject({ code: "stale_owner" });
    const result = await graph.invoke(null, config((await thief) ?? 0));
    expect(result.n).toBe(111);
    expect(ran).toEqual(["one", "two", "two", "three"]);
  });
});

describe("a checkpoint is told of once it is on disk (I6)", () => {
  /** Lets every commit fail for the while. */
  async function whileReadOnly(act: () => Promise<unknown>): Promise<unknown> {
    const file = openSqlite(fresh.path);
    file.handle.exec("pragma query_only = on");
    const outcome = await act().catch((error: unknown) => error);
    file.handle.exec("pragma query_only = off");
    closeSqlite(file);
    return outcome;
  }
  const refused = { code: "store_read_only" };
  const at = (saver: BaseCheckpointSaver, config: RunnableConfig, metadata: Omit<CheckpointMetadata, "parents">) =>
    saver.put(config, emptyCheckpoint(), { ...metadata, parents: {} }, {});

  test("what a script writes into a new thread is refused when it cannot be written", async () => {
    const graph = askingGraph(await open(), 1);

    expect(await whileReadOnly(() => graph.updateState(thread(), { plan: "p" }))).toMatchObject(refused);
    expect((await graph.getState(thread())).values).toEqual({});
  });

  test.each([
    ["a script's input", false, "input", -1],
    ["an update of a run's thread", true, "update", -1],
    ["a fork of a run's thread", true, "fork", -1],
    ["a run's first superstep", true, "loop", 1],
  ] as const)("%s is waited for", async (_title, isOwned, source, step) => {
    const saver = await open();
    await fresh.store.commit({ statements: fresh.store.runs.create(runRecord("R1", { fence: 1 })) });
    const owner = isOwned ? { run_id: "R1", fence: 1 } : {};
    const config = { configurable: { ...thread().configurable, ...owner } };

    expect(await whileReadOnly(() => at(saver, config, { source, step }))).toMatchObject(refused);
  });

  describe("by a run's own graph, whose rows are the truth", () => {
    const byRows = (fence = 1) => ({
      configurable: { ...thread().configurable, run_id: "R1", fence, [BY_ROWS]: true },
    });
    const loop = { source: "loop", step: 1 } as const;

    async function openWithRun(): Promise<BaseCheckpointSaver> {
      const saver = await open();
      await fresh.store.commit({ statements: fresh.store.runs.create(runRecord("R1", { fence: 1 })) });
      return saver;
    }

    test.each(["update", "fork"] as const)("%s by somebody is waited for all the same", async (source) => {
      const saver = await openWithRun();

      expect(await whileReadOnly(() => at(saver, byRows(), { source, step: 1 }))).toMatchObject(refused);
    });

    test("its steps are not waited for: the store's next flush tells, and the next step of the thread", async () => {
      const saver = await openWithRun();
      const outcome = await whileReadOnly(async () => {
        await at(saver, byRows(), loop);
        return fresh.store.flush();
      });

      expect(outcome).toMatchObject(refused);
      await expect(at(saver, byRows(), loop)).rejects.toMatchObject(refused);
      await at(saver, byRows(), loop);
      expect(await saver.getTuple(thread())).toMatchObject({ metadata: loop });
    });

    test("of several steps within a moment the newest is kept, with every value it stands on, behind the one before them", async () => {
      const saver = await openWithRun();
      const step = async (from: string, id: string, values: Record<string, unknown>, changed: string[]) => {
        const channel_versions = Object.fromEntries(
          Object.keys(values).map((name) => [name, changed.includes(name) ? Number(id) : 1]),
        );
        const config = { configurable: { ...byRows().configurable, checkpoint_id: from } };
        const checkpoint = { ...emptyCheckpoint(), id, channel_values: values, channel_versions };
        const versions = Object.fromEntries(changed.map((name) => [name, Number(id)]));
        await saver.put(config, checkpoint, { source: "loop", step: Number(id), parents: {} }, versions);
      };
      await step("", "1", { plan: "p", at: "one" }, ["plan", "at"]);
      await fresh.store.flush();
      await step("1", "2", { plan: "p", at: "one", more: "m" }, ["more"]);
      await step("2", "3", { plan: "p", at: "three", more: "m" }, ["at"]);

      const kept = await listed(saver, thread());
      expect(kept.map((tuple) => idOf(tuple.config))).toEqual(["3", "1"]);
      expect(kept[0]).toMatchObject({
        checkpoint: { channel_values: { plan: "p", at: "three", more: "m" } },
        parentConfig: { configurable: { checkpoint_id: "1" } },
      });
    });

    test("a stale owner's step never reaches the disk, and its next one is refused; a new owner's is not", async () => {
      const saver = await openWithRun();
      const { store } = fresh;
      const fence = await store.runs.takeLease("R1", "1@elsewhere.example:second", 60_000);

      await at(saver, byRows(), loop);
      expect(await saver.getTuple(thread())).toBeUndefined();
      await expect(at(saver, byRows(), loop)).rejects.toMatchObject({ code: "stale_owner" });
      await at(saver, byRows(fence), loop);
      expect(await saver.getTuple(thread())).toMatchObject({ metadata: loop });
    });

    test("of what its nodes wrote only questions and errors are kept; of a graph inside it, all", async () => {
      const saver = await openWithRun();
      const at0 = { ...byRows().configurable, checkpoint_id: "0" };
      await saver.put(byRows(), { ...emptyCheckpoint(), id: "0" }, { ...loop, parents: {} }, {});
      await saver.putWrites({ configurable: at0 }, [["tasks", { T1: "done" }]], "node 1");
      await saver.putWrites({ configurable: at0 }, [[INTERRUPT, { value: "really?" }]], "node 2");
      const inner = { ...at0, checkpoint_ns: "inner" };
      await saver.put(
        { configurable: { ...inner, checkpoint_id: "" } },
        { ...emptyCheckpoint(), id: "0" },
        { ...loop, parents: {} },
        {},
      );
      await saver.putWrites({ configurable: inner }, [["tasks", 1]], "node 3");

      expect((await saver.getTuple(thread()))?.pendingWrites).toEqual([["node 2", INTERRUPT, { value: "really?" }]]);
      expect((await saver.getTuple(thread("inner")))?.pendingWrites).toEqual([["node 3", "tasks", 1]]);
    });
  });
});

describe("lists", () => {
  test("newest first, by thread, namespace, limit, filter and what came before", async () => {
    const saver = await open({ history: "all" });
    let at = thread();
    const ids: unknown[] = [];
    for (let step = 1; step <= 5; step += 1) {
      at = await put(saver, at, { step }, step);
      ids.unshift(idOf(at));
    }
    await put(saver, thread("child"), { step: 9 }, 9);

    expect((await listed(saver, thread())).map((tuple) => idOf(tuple.config))).toEqual(ids);
    expect(await listed(saver, { configurable: { thread_id: "T" } })).toHaveLength(6);
    expect((await listed(saver, thread(), { limit: 2 })).map((tuple) => idOf(tuple.config))).toEqual(ids.slice(0, 2));
    expect(await listed(saver, thread(), { limit: 0 })).toEqual([]);
    expect((await listed(saver, thread(), { filter: { step: 3 } })).map((tuple) => idOf(tuple.config))).toEqual([
      ids[2],
    ]);
    const before = { configurable: { checkpoint_id: String(ids[3]) } };
    expect((await listed(saver, thread(), { before })).map((tuple) => idOf(tuple.config))).toEqual([ids[4]]);
  });
});

/** Runs SQL on the store's file, as a broken disk or a hand that slipped would change it. */
function damage(sql: string): number {
  const file = openSqlite(fresh.path);
  const { changes } = file.handle.prepare(sql).run();
  closeSqlite(file);
  return changes;
}

describe("what is not as it was saved is refused (I6)", () => {
  const NEWEST = "checkpoint_id = (select max(checkpoint_id) from checkpoints)";
  const STEPS_NEWEST = "channel = 'step' and cast(version as integer) = 2";
  const GARBAGE = 'cast(\'{"v": 4, "id"\' as blob)';

  /** Two checkpoints on one thread; the newest has a value of its own, one that it shares, and a write behind it. */
  async function twoSteps(): Promise<{ saver: BaseCheckpointSaver; newest: RunnableConfig }> {
    const saver = await open();
    const first = await put(saver, thread(), { plan: "p", step: "one" }, 1);
    const newest = await put(saver, first, { plan: "p", step: "two" }, 2, ["step"]);
    await saver.putWrites(newest, [["step", "three"]], "task");
    return { saver, newest };
  }

  test.each([
    ["a deleted value", `delete from checkpoint_blobs where ${STEPS_NEWEST}`, 'channel "step" is missing'],
    [
      "a deleted value that it shares",
      "delete from checkpoint_blobs where channel = 'plan'",
      'channel "plan" is missing',
    ],
    [
      "an altered value",
      `update checkpoint_blobs set value = cast('"2wo"' as blob) where ${STEPS_NEWEST}`,
      'channel "step" was altered',
    ],
    [
      "a value of another type",
      `update checkpoint_blobs set type = 'bytes' where ${STEPS_NEWEST}`,
      'channel "step" was altered',
    ],
    [
      "an older value in place of the newest",
      `update checkpoint_blobs set (type, value, digest) = (select type, value, digest from checkpoint_blobs as old
        where old.channel = 'step' and cast(old.version as integer) = 1) where ${STEPS_NEWEST}`,
      'channel "step" was altered',
    ],
    ["a checkpoint of garbage", `update checkpoints set checkpoint = ${GARBAGE} where ${NEWEST}`, "itself was altered"],
    ["an empty checkpoint", `update checkpoints set checkpoint = zeroblob(0) where ${NEWEST}`, "itself was altered"],
    [
      "another checkpoint's row",
      `update checkpoints set (checkpoint, versions, metadata, digest) = (select checkpoint, versions, metadata, digest
        from checkpoints as old order by checkpoint_id limit 1) where ${NEWEST}`,
      "itself was altered",
    ],
    ["altered versions", `update checkpoints set versions = '{}' where ${NEWEST}`, "itself was altered"],
    ["versions of garbage", `update checkpoints set versions = '{' where ${NEWEST}`, "itself was altered"],
    [
      "altered metadata",
      `update checkpoints set metadata = replace(cast(metadata as text), '"step":2', '"step":7') where ${NEWEST}`,
      "itself was altered",
    ],
    ["metadata of garbage", `update checkpoints set metadata = ${GARBAGE} where ${NEWEST}`, "itself was altered"],
    ["another parent", `update checkpoints set parent_checkpoint_id = null where ${NEWEST}`, "itself was altered"],
    [
      "an altered write",
      `update checkpoint_writes set value = cast('"4our"' as blob)`,
      'a write to channel "step" was altered',
    ],
  ])("%s", async (_title, sql, words) => {
    const { saver, newest } = await twoSteps();
    expect((await saver.getTuple(thread()))?.checkpoint.channel_values).toEqual({ plan: "p", step: "two" });
    expect(damage(sql)).toBe(1);

    const refusal = { code: "checkpoint_damaged", message: expect.stringContaining(words) };
    await expect(saver.getTuple(thread())).rejects.toMatchObject(refusal);
    await expect(saver.getTuple(newest)).rejects.toMatchObject(refusal);
    await expect(listed(saver, thread(), { filter: { source: "loop" } })).rejects.toMatchObject(refusal);
  });

  test("a graph does not go on from it, and says how it can go on", async () => {
    const saver = await open();
    const graph = askingGraph(saver, 2);
    await graph.invoke({ plan: "p" }, thread());
    await graph.invoke(new Command({ resume: "yes" }), thread());
    expect(damage("delete from checkpoint_blobs where channel = 'answers'")).toBeGreaterThan(0);

    await expect(graph.invoke(new Command({ resume: "yes" }), thread())).rejects.toMatchObject({
      code: "checkpoint_damaged",
      message: expect.stringMatching(
        /thread T .*Nothing was resumed\. Put a copy .* checkpointer\.deleteThread\("T"\)/u,
      ),
    });
    await saver.deleteThread("T");
    expect(await graph.invoke({ plan: "p" }, thread())).toHaveProperty("__interrupt__");
  });

  test("the checkpoint before a damaged one can still be read and gone on from", async () => {
    const { saver } = await twoSteps();
    const [, before] = await listed(saver, thread());
    damage(`delete from checkpoint_blobs where ${STEPS_NEWEST}`);

    expect((await saver.getTuple(before?.config ?? {}))?.checkpoint.channel_values).toEqual({ plan: "p", step: "one" });
  });
});
