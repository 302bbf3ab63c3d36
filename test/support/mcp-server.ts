import { Server } from "@modelcontextprotocol/sdk/server/index.js";
import { McpServer } from "@modelcontextprotocol/sdk/server/mcp.js";
import { CallToolRequestSchema, ErrorCode, ListToolsRequestSchema, McpError } from "@modelcontextprotocol/sdk/types.js";
import { z } from "zod";

/** An MCP server of the tests: a few tools of each kind, one that fails, one that never answers, one that changes the list. */
export function createTestServer(): McpServer {
  const server = new McpServer({ name: "test", version: "1" });
  const notes: string[] = [];
  server.registerTool(
    "find_note",
    { description: "Finds a note.", inputSchema: { word: z.string().min(2) }, annotations: { readOnlyHint: true } },
    async ({ word }) => ({
      content: [
        { type: "text", text: `A note on ${word}.` },
        { type: "image", data: "AAAA", mimeType: "image/png" },
      ],
    }),
  );
  server.registerTool(
    "addNote",
    {
      description: "Adds a note.",
      inputSchema: { text: z.string() },
      outputSchema: { count: z.number(), key: z.string() },
    },
    async ({ text }, { _meta }) => {
      notes.push(text);
      const structuredContent = { count: notes.length, key: String(_meta?.["idempotencyKey"] ?? "") };
      return { content: [], structuredContent };
    },
  );
  server.registerTool("fail", { description: "Fails." }, async () => ({
    ...{ isError: true, content: [{ type: "text", text: "no\nluck" }] },
  }));
  server.registerTool("flood", { description: "Says a lot." }, async () => ({
    content: [{ type: "text", text: "x".repeat(100_000) }],
  }));
  server.registerTool("hang", { description: "Never answers." }, () => new Promise(() => {}));
  server.registerTool("die", { description: "Ends the server." }, async () => process.exit(3));
  server.registerTool("print_junk", { description: "Prints what is no message." }, async () => {
    process.stdout.write("this is no message\n".repeat(10));
    return { content: [{ type: "text", text: "printed" }] };
  });
  const change = server.registerTool("change", { description: "Changes itself." }, async () => {
    change.update({ paramsSchema: { more: z.string() } });
    return { content: [{ type: "text", text: "changed" }] };
  });
  return server;
}

/** A server by an older library: a result that does not fit its tool's schema is an error of the protocol, after the act. */
export function createOldServer(): Server {
  const server = new Server({ name: "old", version: "1" }, { capabilities: { tools: {} } });
  const inputSchema = { type: "object" as const };
  server.setRequestHandler(ListToolsRequestSchema, () => ({
    tools: [
      { name: "add", description: "Adds.", inputSchema },
      { name: "leave", description: "Leaves.", inputSchema },
    ],
  }));
  server.setRequestHandler(CallToolRequestSchema, ({ params }) => {
    if (params.name === "leave") throw new McpError(ErrorCode.MethodNotFound, "There is no such method");
    throw new McpError(ErrorCode.InvalidParams, "Output validation error: no structured content");
  });
  return server;
}

/** A server of these tools, which do nothing; a schema may be given for all of them, and what happens before they are listed. */
export function createListServer(
  names: readonly string[],
  properties: Readonly<Record<string, object>> = {},
  beforeList: () => Promise<never> | undefined = () => undefined,
): Server {
  const server = new Server({ name: "list", version: "1" }, { capabilities: { tools: {} } });
  const inputSchema = { type: "object" as const, properties };
  server.setRequestHandler(
    ListToolsRequestSchema,
    () => beforeList() ?? { tools: names.map((name) => ({ name, inputSchema })) },
  );
  server.setRequestHandler(CallToolRequestSchema, ({ params }) => ({ content: [{ type: "text", text: params.name }] }));
  return server;
}
