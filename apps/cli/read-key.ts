import { stdin } from "node:process";

const CTRL_C = "\u0003";
const CTRL_D = "\u0004";
const ESCAPE = "\u001b";

/** One key press; undefined for Ctrl-C, Ctrl-D and the end of input. Arrow and function keys are passed over. */
export async function readKey(): Promise<string | undefined> {
  const wasRaw = stdin.isRaw;
  stdin.setRawMode(true);
  stdin.resume();
  try {
    for (;;) {
      const pressed = await nextChunk();
      if (pressed === undefined || pressed === CTRL_C || pressed === CTRL_D) return undefined;
      if (!pressed.startsWith(ESCAPE)) return pressed[0];
    }
  } finally {
    stdin.setRawMode(wasRaw);
    stdin.pause();
  }
}

function nextChunk(): Promise<string | undefined> {
  return new Promise((resolve) => {
    const onData = (chunk: Buffer | string) => settle(chunk.toString());
    const onEnd = () => settle(undefined);
    const settle = (value: string | undefined) => {
      stdin.off("data", onData);
      stdin.off("end", onEnd);
      resolve(value);
    };
    stdin.once("data", onData);
    stdin.once("end", onEnd);
  });
}
