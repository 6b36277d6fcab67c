#!/usr/bin/env node
/** The program: runs the command line of its process. */
import process from "node:process";
import { run } from "./commands/run.ts";

// A reader that closes its end (seg … | head) wants no more: that is no error.
process.stdout.on("error", (error: Error & { code?: string }) => process.exit(error.code === "EPIPE" ? 0 : 1));
process.stderr.on("error", () => {});

process.exitCode = await run(process.argv.slice(2), process);
