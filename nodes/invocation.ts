import type { LangGraphRunnableConfig } from "@langchain/langgraph";
import type { Invocation } from "../core/session.js";

/** What a node is told about its invocation, in our own shape. */
export function toInvocation(config: LangGraphRunnableConfig): Invocation {
  return {
    configurable: config.configurable ?? {},
    context: config.context,
    ...(config.signal && { signal: config.signal }),
    ...(config.writer && { writer: config.writer }),
    ...(config.callbacks && { callbacks: config.callbacks }),
  };
}
