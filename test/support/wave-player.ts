import { Wave } from "../../nodes/wave.js";

/** What a member of a wave is doing. */
export type Doing = "working" | "waits" | "waits_at_work" | "asks" | "gone";

interface Player {
  doing: Doing;
  /** How its last question ended. */
  heard: "nothing" | "decision" | "quiet";
  next: (step: () => Promise<boolean>) => void;
  decide: () => void;
  giveUp: AbortController;
}

/** Members of a real wave that do what a test tells them, one step after the other. */
export class WavePlayer {
  readonly #wave: Wave;
  readonly #players = new Map<string, Player>();
  readonly #works: Promise<unknown>[] = [];

  constructor(ids: readonly string[]) {
    this.#wave = new Wave("w", ids);
    for (const id of ids) this.#join(id);
  }

  doing(id: string): Doing {
    return this.#player(id).doing;
  }

  heard(id: string): Player["heard"] {
    return this.#player(id).heard;
  }

  waitFor(id: string, others: readonly string[], staysAtWork: boolean): void {
    const player = this.#player(id);
    player.giveUp = new AbortController();
    player.next(async () => {
      player.doing = staysAtWork ? "waits_at_work" : "waits";
      await this.#wave.untilOneLeft(id, others, player.giveUp.signal, staysAtWork).catch(() => false);
      player.doing = "working";
      return true;
    });
  }

  ask(id: string): void {
    const player = this.#player(id);
    const answered = new Promise<string>((resolve) => {
      player.decide = () => resolve("yes");
    });
    player.next(async () => {
      player.doing = "asks";
      const answer = await this.#wave.untilDecidedOrQuiet(id, () => answered, new AbortController().signal);
      player.heard = answer === undefined ? "quiet" : "decision";
      player.doing = "working";
      return true;
    });
  }

  decide(id: string): void {
    this.#player(id).decide();
  }

  giveUp(id: string): void {
    this.#player(id).giveUp.abort(new Error("It gave up."));
  }

  leave(id: string): void {
    this.#player(id).next(async () => false);
  }

  /** Resolves when all have left. */
  async ended(): Promise<void> {
    await Promise.all(this.#works);
  }

  #join(id: string): void {
    const player: Player = {
      doing: "working",
      heard: "nothing",
      next: () => undefined,
      decide: () => undefined,
      giveUp: new AbortController(),
    };
    this.#players.set(id, player);
    const work = async (): Promise<void> => {
      for (let stays = true; stays; ) {
        const step = await new Promise<() => Promise<boolean>>((resolve) => {
          player.next = resolve;
        });
        stays = await step();
      }
      player.doing = "gone";
    };
    this.#works.push(this.#wave.run(id, work));
  }

  #player(id: string): Player {
    const player = this.#players.get(id);
    if (!player) throw new Error(`Nobody is called ${id}.`);
    return player;
  }
}
