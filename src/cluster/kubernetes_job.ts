/** An Indexed Job for Kubernetes. */
import { stringify } from "yaml";
import type { ArrayJob } from "./array_job.ts";
import { commentText, shellLine } from "../shell_words.ts";

/** What Kubernetes is told beside the job. */
export interface KubernetesOptions {
  readonly image: string;
  /** Volumes that outlive the pods. */
  readonly mounts: readonly VolumeMount[];
  /** User and group of the processes, and group of the volumes; not root. */
  readonly userId: number;
}

/** A persistent volume claim, and where a pod sees it. */
export interface VolumeMount {
  readonly claim: string;
  readonly path: string;
  readonly readOnly: boolean;
}

/** Starts of a task that may fail. */
const RETRIES = 2;
/** Time to save between SIGTERM and SIGKILL. */
const GRACE_SECONDS = 120;

/**
 * The manifest (batch/v1 Job, completionMode Indexed; Kubernetes 1.29 and later, where `backoffLimitPerIndex` and
 * `podFailurePolicy` are on). A pod that was stopped and has saved, or was displaced, is replaced without counting as a failure; a
 * wrong command line is not tried again. A replacement starts once the pod before it has ended, so that no two write to one folder.
 */
export function kubernetesJob(job: ArrayJob, { image, mounts, userId }: KubernetesOptions): string {
  const labels = { "app.kubernetes.io/name": "seg", "app.kubernetes.io/instance": job.name };
  const claims = [...new Set(mounts.map(({ claim }) => claim))];
  const memory = `${job.memoryMib}Mi`;
  const manifest = {
    apiVersion: "batch/v1",
    kind: "Job",
    metadata: { name: job.name, labels },
    spec: {
      completionMode: "Indexed",
      completions: job.tasks,
      parallelism: Math.min(job.atOnce ?? job.tasks, job.tasks),
      backoffLimitPerIndex: RETRIES,
      podFailurePolicy: {
        rules: [
          { action: "Ignore", onPodConditions: [{ type: "DisruptionTarget", status: "True" }] },
          // Stopped by a signal, and saved.
          { action: "Ignore", onExitCodes: { containerName: "seg", operator: "In", values: [130] } },
          // Wrong arguments.
          { action: "FailIndex", onExitCodes: { containerName: "seg", operator: "In", values: [2] } },
        ],
      },
      template: {
        metadata: { labels },
        spec: {
          restartPolicy: "Never",
          terminationGracePeriodSeconds: GRACE_SECONDS,
          automountServiceAccountToken: false,
          securityContext: {
            runAsNonRoot: true,
            runAsUser: userId,
            runAsGroup: userId,
            fsGroup: userId,
            fsGroupChangePolicy: "OnRootMismatch",
            seccompProfile: { type: "RuntimeDefault" },
          },
          containers: [
            {
              name: "seg",
              image,
              command: job.command.map(withoutExpansion),
              resources: {
                requests: { cpu: String(job.cores), memory },
                limits: { memory, ...(job.gpus > 0 && { "nvidia.com/gpu": String(job.gpus) }) },
              },
              securityContext: {
                allowPrivilegeEscalation: false,
                capabilities: { drop: ["ALL"] },
                readOnlyRootFilesystem: true,
              },
              volumeMounts: [
                ...mounts.map(({ claim, path, readOnly }) => ({
                  name: `claim-${claims.indexOf(claim)}`,
                  mountPath: path,
                  ...(readOnly && { readOnly }),
                })),
                { name: "temporary", mountPath: "/tmp" },
              ],
            },
          ],
          volumes: [
            ...claims.map((claimName, i) => ({ name: `claim-${i}`, persistentVolumeClaim: { claimName } })),
            { name: "temporary", emptyDir: {} },
          ],
        },
      },
    },
  };
  const afterwards = job.afterwards === undefined
    ? ""
    : `# When all are done, with the same volumes:\n#   ${commentText(shellLine(job.afterwards))}\n`;
  // Every string in quotes: parsers of YAML 1.1, as in Kubernetes, take words such as no, on and 1:30 for other things.
  const text = stringify(manifest, {
    defaultStringType: "QUOTE_DOUBLE",
    defaultKeyType: "PLAIN",
    lineWidth: 0,
    aliasDuplicateObjects: false,
  });
  return `# ${job.tasks} tasks of:\n#   ${commentText(shellLine(job.command))}\n${afterwards}${text}`;
}

/** `$(NAME)` in a command is a variable to Kubernetes, and `$$` a dollar sign. */
function withoutExpansion(word: string): string {
  return word.replaceAll("$", "$$$$");
}
