import { StdioServerTransport } from "@modelcontextprotocol/sdk/server/stdio.js";
import { createOldServer, createTestServer } from "./mcp-server.js";

/** An MCP server over stdio; with `broken` as its argument it only says why it does not start, with `old` it answers as older ones do. */
if (process.argv[2] === "broken") {
  process.stderr.write("the notes are not there\n");
  process.exit(1);
}
if (process.argv[2] === "silent") process.stdin.resume();
else await (process.argv[2] === "old" ? createOldServer() : createTestServer()).connect(new StdioServerTransport());
