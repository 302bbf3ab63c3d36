import type { Policies } from "../../core/policy.js";
import type { ToolDefinition } from "../../core/tool.js";

/**
 * The policies of a process. Nothing of them is read before the first ruling or proof: a run that is answered from its
 * journal needs none. `tools` gives every tool that a policy may name; `folder` is the administrator's.
 */
export function createPolicies(tools: () => Promise<readonly ToolDefinition[]>, folder?: string): Policies {
  let opened: Promise<Policies> | undefined;
  const open = () => {
    opened ??= import("./cedar-policies.js").then(({ CedarPolicies }) => new CedarPolicies(tools, folder));
    return opened;
  };
  return {
    bookFor: async (own) => (await open()).bookFor(own),
    versionFor: async (own) => (await open()).versionFor(own),
    faultsOf: async (own) => (await open()).faultsOf(own),
  };
}
