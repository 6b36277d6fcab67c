/**
 * Starts the program where an emulator runs it: children are then started by the emulator too, through the script that SEG_ARM64_RUNTIME
 * names, since the kernel cannot start the arm64 program itself.
 */
import process from "node:process";

process.execPath = process.env["SEG_ARM64_RUNTIME"] ?? process.execPath;
await import("../src/main.ts");
