/** `seg doctor`: versions, providers, devices, and what is missing with how to get it. */
import { command } from "../command_line/command.ts";

export const doctor = command({
  name: "doctor",
  description:
    "Show versions, execution providers, trtexec, the Jetson and its power mode, and how to get what is missing",
  arguments: {},
  examples: [
    { description: "look", command: "seg doctor" },
    { description: "for a report of a fault", command: "seg doctor --json > doctor.json" },
  ],
  run: async (_, { columns }) => {
    const { diagnose, diagnosisText } = await import("./diagnosis.ts");
    const diagnosis = await diagnose();
    return { json: diagnosis, text: diagnosisText(diagnosis, columns), next: "seg demo" };
  },
});
