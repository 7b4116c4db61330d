import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { IJob } from "kubernetes-models/batch/v1/Job";
import { Job } from "kubernetes-models/batch/v1/Job";
import { PodTemplateSpec } from "kubernetes-models/v1/PodTemplateSpec";
import ts from "typescript";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { z } from "zod";

const folder = join(import.meta.dirname, "../../deploy/kubernetes");
const read = (name: string): unknown => parse(readFileSync(join(folder, name), "utf8"));
const names = readdirSync(folder);
const jobs = names.filter((name) => name !== "mpi-job.yaml");

const options: ts.CompilerOptions = {
  target: ts.ScriptTarget.ES2023,
  module: ts.ModuleKind.ESNext,
  moduleResolution: ts.ModuleResolutionKind.Bundler,
  ...{ strict: true, noEmit: true, skipLibCheck: true, types: [], lib: ["lib.es2023.d.ts"] },
};
const host = ts.createCompilerHost(options);
let program: ts.Program | undefined;

/**
 * What the compiler says to a literal as a value of a type of the package: unlike the package's own check, it knows of no
 * other fields than those of the API.
 */
function typeErrors(module: string, type: string, value: unknown): string[] {
  const path = join(import.meta.dirname, "literal.ts");
  const text = `import type { ${type} } from "${module}";\nexport const value: ${type} = ${JSON.stringify(value)};\n`;
  const { getSourceFile, fileExists } = host;
  program = ts.createProgram({
    rootNames: [path],
    options,
    host: {
      ...host,
      fileExists: (name) => name === path || fileExists(name),
      getSourceFile: (name, ...rest) =>
        name === path ? ts.createSourceFile(name, text, rest[0]) : getSourceFile(name, ...rest),
    },
    // Knows the package's files already.
    ...(program && { oldProgram: program }),
  });
  const file = program.getSourceFile(path)!;
  return [...program.getSyntacticDiagnostics(file), ...program.getSemanticDiagnostics(file)].map(
    ({ messageText }) => ts.flattenDiagnosticMessageText(messageText, " "),
  );
}

/** Rules of the API server that its types do not tell. */
function policyErrors({ spec }: IJob): string[] {
  const { podFailurePolicy, template, completionMode, completions, podReplacementPolicy } = spec!;
  const containers = template.spec!.containers.map(({ name }) => name);
  const rules = podFailurePolicy?.rules ?? [];
  const exits = rules.flatMap(({ onExitCodes }) => onExitCodes ?? []);
  const values = exits.map((requirement) => requirement.values);
  const checks: [string, boolean][] = [
    ["pods are not restarted in place", template.spec!.restartPolicy === "Never"],
    ["a failed pod has ended before another starts", podReplacementPolicy === "Failed"],
    ["a rule has one condition", rules.every((rule) => !rule.onExitCodes !== !rule.onPodConditions)],
    ["codes rise and are not 0", values.every((list) => list.every((code, i) => code > (list[i - 1] ?? 0)))],
    ["rules name a container", exits.every(({ containerName }) => containers.includes(containerName!))],
    ["an indexed job has a number of indexes", completionMode !== "Indexed" || completions! > 0],
  ]; // prettier-ignore
  return checks.filter(([, holds]) => !holds).map(([rule]) => rule);
}

describe.each(jobs)("%s", (name) => {
  const job = read(name) as IJob;

  test("is a Job of batch/v1, with no other fields", () => {
    new Job(job).validate();
    expect(typeErrors("kubernetes-models/batch/v1/Job", "IJob", job)).toEqual([]);
  });

  test("has a policy for failures that the API server takes", () => {
    expect(policyErrors(job)).toEqual([]);
  });
});

test("the compiler and the rules find what is wrong with a job", () => {
  const job = read("label-job.yaml") as IJob & {
    spec: { template: { spec: { restartPolicy: string } } };
  };
  job.spec.template.spec.restartPolicy = "OnFailure";
  expect(policyErrors(job)).toEqual(["pods are not restarted in place"]);
  const misspelled = { ...job, spec: { ...job.spec, backofLimit: 3 } };
  expect(typeErrors("kubernetes-models/batch/v1/Job", "IJob", misspelled)).toEqual([
    expect.stringMatching(/backofLimit.* does not exist/),
  ]);
  const wrong = { ...job, spec: { ...job.spec, completions: "16" } };
  expect(() => new Job(wrong as unknown as IJob).validate()).toThrow(/completions/);
});

test("a label job has as many tasks as indexes, and tells tag2mask so", () => {
  const { spec } = read("label-job.yaml") as IJob;
  const args = spec!.template.spec!.containers[0]!.args!;
  expect(args[0]).toBe("label");
  expect(args).toContain(`--tasks=${spec!.completions}`);
  // The number comes from the variable that Kubernetes sets.
  expect(args.filter((arg) => arg.startsWith("--task="))).toEqual([]);
});

test("a label job ends for a wrong plan alone; an interrupted pod is replaced and not counted", () => {
  const { spec } = read("label-job.yaml") as IJob;
  const actions = spec!.podFailurePolicy!.rules.flatMap(
    ({ action, onExitCodes, onPodConditions }) => [
      ...(onExitCodes?.values.map((code) => [String(code), action]) ?? []),
      ...(onPodConditions?.map(({ type }) => [type, action]) ?? []),
    ],
  );
  expect(Object.fromEntries(actions)).toEqual({
    2: "FailJob",
    75: "Ignore",
    DisruptionTarget: "Ignore",
  });
});

/** An MPIJob, after the types of the MPI Operator (kubeflow.org/v2beta1). Its pods are those of Kubernetes. */
const replicas = z.strictObject({
  replicas: z.int().positive().optional(),
  restartPolicy: z.enum(["Never", "OnFailure"]).optional(),
  template: z.record(z.string(), z.unknown()),
});
const mpiJob = z.strictObject({
  apiVersion: z.literal("kubeflow.org/v2beta1"),
  kind: z.literal("MPIJob"),
  metadata: z.strictObject({ name: z.string().optional(), generateName: z.string().optional() }),
  spec: z.strictObject({
    slotsPerWorker: z.int().positive().optional(),
    runLauncherAsWorker: z.boolean().optional(),
    sshAuthMountPath: z.string().optional(),
    launcherCreationPolicy: z.enum(["AtStartup", "WaitForWorkersReady"]).optional(),
    mpiImplementation: z.enum(["OpenMPI", "Intel", "MPICH"]).optional(),
    runPolicy: z
      .strictObject({
        cleanPodPolicy: z.enum(["None", "Running", "All"]).optional(),
        ttlSecondsAfterFinished: z.int().nonnegative().optional(),
        activeDeadlineSeconds: z.int().positive().optional(),
        backoffLimit: z.int().nonnegative().optional(),
        schedulingPolicy: z.record(z.string(), z.unknown()).optional(),
        suspend: z.boolean().optional(),
      })
      .optional(),
    mpiReplicaSpecs: z.strictObject({ Launcher: replicas, Worker: replicas }),
  }),
});

describe("mpi-job.yaml", () => {
  const { spec } = mpiJob.parse(read("mpi-job.yaml"));
  const specs = Object.values(spec.mpiReplicaSpecs);

  test("has pods of the API, with no other fields", () => {
    for (const { template } of specs) {
      new PodTemplateSpec(template).validate();
      expect(
        typeErrors("kubernetes-models/v1/PodTemplateSpec", "IPodTemplateSpec", template),
      ).toEqual([]);
    }
  });

  test("starts as many processes as the workers have slots, and the keys lie in the home of their user", () => {
    const text = JSON.stringify(spec.mpiReplicaSpecs.Launcher);
    const processes = Number(/mpirun .*?-n (\d+)/.exec(text)?.[1]);
    expect(processes).toBe(spec.slotsPerWorker! * spec.mpiReplicaSpecs.Worker.replicas!);
    const dockerfile = readFileSync(join(folder, "../Dockerfile"), "utf8");
    expect(dockerfile).toContain(`HostKey ${spec.sshAuthMountPath}/id_rsa`);
    expect(dockerfile).toMatch(/^USER node$/m);
  });
});
