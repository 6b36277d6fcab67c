import assert from "node:assert/strict";
import { test } from "node:test";
import { Job } from "kubernetes-models/batch/v1/Job";
import { parse } from "yaml";
import { kubernetesJob } from "../../src/cluster/kubernetes_job.ts";

const JOB = {
  name: "folds",
  command: ["seg", "train", "/data/a b", "no", "1:30", "0x10", "it's $(HOME) $$", "two\nlines"],
  tasks: 5,
  atOnce: 2,
  cores: 3,
  memoryMib: 4096,
  gpus: 1,
  afterwards: ["seg", "merge", "/runs/cv"],
};
const OPTIONS = {
  image: "registry.example/seg:1",
  mounts: [
    { claim: "data", path: "/data", readOnly: true },
    { claim: "runs", path: "/runs", readOnly: false },
    { claim: "data", path: "/again", readOnly: false },
  ],
  userId: 1234,
};

test("kubernetesJob() is an Indexed Job whose tasks are tried again one by one", () => {
  const { apiVersion, kind, metadata, spec } = parse(kubernetesJob(JOB, OPTIONS));
  assert.deepEqual([apiVersion, kind, metadata.name], ["batch/v1", "Job", "folds"]);
  const { completionMode, completions, parallelism, backoffLimitPerIndex, podFailurePolicy } = spec;
  assert.deepEqual([completionMode, completions, parallelism, backoffLimitPerIndex], ["Indexed", 5, 2, 2]);
  const rules = podFailurePolicy.rules as {
    action: string;
    onExitCodes?: { values: number[]; containerName: string };
  }[];
  assert.deepEqual(rules.map(({ action, onExitCodes }) => [action, onExitCodes?.values]), [
    ["Ignore", undefined],
    ["Ignore", [130]],
    ["FailIndex", [2]],
  ]);
  for (const { onExitCodes } of rules.slice(1)) assert.equal(onExitCodes?.containerName, "seg");
  // podFailurePolicy asks for it.
  assert.equal(spec.template.spec.restartPolicy, "Never");
  assert.ok(spec.template.spec.terminationGracePeriodSeconds >= 60);
});

test("kubernetesJob() is valid by Kubernetes' own schema, which refuses what is not", () => {
  // Validators compiled from the OpenAPI document of a Kubernetes that has JobSpec.managedBy, 1.30 or newer.
  const made = () => parse(kubernetesJob(JOB, OPTIONS), { version: "1.1" });
  new Job(made()).validate();
  const spoiled: [string, (job: ReturnType<typeof made>) => unknown][] = [
    ["data/spec/completions must be integer", ({ spec }) => spec.completions = "5"],
    ["data/spec/completionMode must be equal to one of", ({ spec }) => spec.completionMode = "indexed"],
    [
      "data/spec/template/spec must have required property containers",
      ({ spec }) => delete spec.template.spec.containers,
    ],
    ["/resources/limits", ({ spec }) => spec.template.spec.containers[0].resources.limits.memory = ["8G"]],
  ];
  for (const [fault, spoil] of spoiled) {
    const job = made();
    spoil(job);
    assert.throws(() => new Job(job).validate(), (error: Error) => error.message.includes(fault), fault);
  }
});

test("kubernetesJob() runs the words as they are, also where YAML or Kubernetes would take them for something else", () => {
  const text = kubernetesJob(JOB, OPTIONS);
  const expected = [...JOB.command];
  expected[6] = "it's $$(HOME) $$$$";
  for (const version of ["1.1", "1.2"] as const) {
    assert.deepEqual(parse(text, { version }).spec.template.spec.containers[0].command, expected, version);
  }
  assert.doesNotMatch(text, /^lines/m);
});

test("kubernetesJob() has no rights, and writes to its volumes alone", () => {
  const { template } = parse(kubernetesJob(JOB, OPTIONS)).spec;
  const { securityContext, containers, volumes, automountServiceAccountToken } = template.spec;
  assert.deepEqual([securityContext.runAsNonRoot, automountServiceAccountToken], [true, false]);
  assert.deepEqual([securityContext.runAsUser, securityContext.runAsGroup, securityContext.fsGroup], [
    1234,
    1234,
    1234,
  ]);
  const [{ image, resources, securityContext: own, volumeMounts }] = containers;
  assert.equal(image, OPTIONS.image);
  assert.deepEqual(resources, {
    requests: { cpu: "3", memory: "4096Mi" },
    limits: { memory: "4096Mi", "nvidia.com/gpu": "1" },
  });
  assert.deepEqual(own, {
    allowPrivilegeEscalation: false,
    capabilities: { drop: ["ALL"] },
    readOnlyRootFilesystem: true,
  });
  assert.deepEqual(volumes, [
    { name: "claim-0", persistentVolumeClaim: { claimName: "data" } },
    { name: "claim-1", persistentVolumeClaim: { claimName: "runs" } },
    { name: "temporary", emptyDir: {} },
  ]);
  assert.deepEqual(volumeMounts, [
    { name: "claim-0", mountPath: "/data", readOnly: true },
    { name: "claim-1", mountPath: "/runs" },
    { name: "claim-0", mountPath: "/again" },
    { name: "temporary", mountPath: "/tmp" },
  ]);
});

test("kubernetesJob() asks for no graphics processor where none is needed, and runs all tasks at once", () => {
  const { spec } = parse(kubernetesJob({ ...JOB, gpus: 0, atOnce: undefined }, OPTIONS));
  assert.equal(spec.parallelism, 5);
  assert.deepEqual(spec.template.spec.containers[0].resources.limits, { memory: "4096Mi" });
});
