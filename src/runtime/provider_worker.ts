/** A process that tries the execution provider named on its command line, and ends with a line of JSON. */
import process from "node:process";
import { messageOf } from "../failure.ts";
import { sumFault } from "./providers.ts";

const fault = await sumFault(process.argv[2]).catch(messageOf);
process.stdout.write(`${JSON.stringify({ fault: fault ?? null })}\n`);
