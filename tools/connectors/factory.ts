import { z } from "zod";
import { OrchestratorError } from "../../core/errors.js";
import { Secret } from "../../core/secret.js";
import { shapeOf } from "../../core/shape.js";

const A_SECRET = 'must be a secret, such as secret("API_KEY")';

/** An option that holds a secret: its value is read when it is sent, and stands in no file. */
export const SecretSchema = z.custom<Secret>((value) => value instanceof Secret, A_SECRET);

/**
 * Makes what a connector's factory gives out of options by its schema. Options that do not fit, and everything that
 * making throws, are `config_invalid` with the factory's name: an author's mistake, found when the tools are made.
 */
export function made<Schema extends z.ZodType, Made>(
  factory: string,
  schema: Schema,
  given: unknown,
  make: (options: z.output<Schema>) => Made,
): Made {
  const shaped = shapeOf(schema, given);
  if (!shaped.ok) {
    const words = shaped.problems.map(({ pointer, message }) => `${pointer || "/"}: ${wordsFor(message)}`);
    throw new OrchestratorError("config_invalid", `${factory}: ${words.join(" ")}`);
  }
  try {
    return make(shaped.value);
  } catch (cause) {
    throw asInvalid(factory, cause);
  }
}

/** What stands where a secret should is not repeated: it may be one in clear. */
function wordsFor(message: string): string {
  return message.includes(A_SECRET) ? A_SECRET : message;
}

/** What went wrong while a factory made its tools, with the factory's name. */
export function asInvalid(factory: string, cause: unknown): OrchestratorError {
  const why = cause instanceof Error ? cause.message : String(cause);
  return new OrchestratorError("config_invalid", `${factory}: ${why}`, { cause });
}
