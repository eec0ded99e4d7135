import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ApplyOptions } from '../options.ts';
import { type Documents, readDocuments } from './documents.ts';
import { applyOptions, diffOptions, planOptions, upgradeNodeOptions } from './upgrade-options.ts';

const flags: ApplyOptions = {
  ...{ root: '/', ignorePreflightErrors: ['Swap'], certificateRenewal: true, dryRun: false, skipPhases: [] },
  ...{ force: false, printConfig: false, yes: true },
};
const nothing = new Set<string>();
const head = 'apiVersion: kubeadm.k8s.io/v1beta4\nkind: UpgradeConfiguration\n';
const read = (source: string): Documents => readDocuments(source, { foreign: 'pass over' });

test('an UpgradeConfiguration says to each command what flags say', () => {
  const documents = read(`${head}
apply:
  kubernetesVersion: v1.36.0
  certificateRenewal: false
  dryRun: true
  forceUpgrade: true
  ignorePreflightErrors: [NumCPU]
  patches: { directory: /p }
  printConfig: true
  skipPhases: [addon, post-upgrade]
node: { certificateRenewal: false, skipPhases: [kubelet-config] }
plan: { kubernetesVersion: v1.36.1, ignorePreflightErrors: [all], printConfig: true }
diff: { kubernetesVersion: v1.36.2, contextLines: 1 }
`);
  assert.deepEqual(applyOptions(flags, documents, nothing), {
    ...flags,
    ...{ version: 'v1.36.0', certificateRenewal: false, dryRun: true, force: true, printConfig: true, patches: '/p' },
    ...{ ignorePreflightErrors: ['Swap', 'NumCPU'], skipPhases: ['addon', 'kube-proxy'] },
  });
  assert.deepEqual(upgradeNodeOptions(flags, documents, nothing), { ...flags, certificateRenewal: false, skipPhases: ['kubelet-config'] });
  const plan = planOptions({ ...flags, output: 'json' }, documents);
  assert.deepEqual([plan.version, plan.ignorePreflightErrors, plan.printConfig, plan.output], ['v1.36.1', ['Swap', 'all'], true, 'json']);
  const diff = diffOptions({ ...flags, contextLines: 3 }, documents);
  assert.deepEqual([diff.version, diff.contextLines], ['v1.36.2', 1]);
});

test('what the command line says goes before', () => {
  const documents = read(`${head}apply: { kubernetesVersion: v1.35.0, skipPhases: [addon] }\n`);
  const given = { ...flags, version: 'v1.36.0', skipPhases: ['kube-proxy'] };
  const { version, skipPhases } = applyOptions(given, documents, new Set(['skipPhases']));
  assert.deepEqual([version, skipPhases], ['v1.36.0', ['kube-proxy']]);
});

test('what is unsaid is as usual', () => {
  const documents = read(head);
  assert.deepEqual(applyOptions(flags, documents, nothing), flags);
  assert.equal(diffOptions({ ...flags, contextLines: 3 }, documents).contextLines, 3);
});

test('what changes nothing here is told', () => {
  const { all } = read(`${head}
apply: { etcdUpgrade: true, imagePullPolicy: Always, allowRCUpgrades: true }
node: { imagePullSerial: true }
plan: { dryRun: true, etcdUpgrade: true, allowExperimentalUpgrades: true }
timeouts: { upgradeManifests: 5m0s, kubernetesAPICall: 9m0s }
`);
  assert.deepEqual(
    all[0]?.ineffective,
    [
      ...['apply.imagePullPolicy', 'apply.allowRCUpgrades', 'plan.dryRun', 'plan.allowExperimentalUpgrades', 'timeouts.kubernetesAPICall'],
    ].map((path) => `UpgradeConfiguration.${path}`),
  );
});

test('what is no such file is refused in the words of kubeadm', () => {
  const asked = (source: string): void => {
    applyOptions(flags, read(source), nothing);
    diffOptions({ ...flags, contextLines: 3 }, read(source));
  };
  const cases: readonly (readonly [string, RegExp])[] = [
    [`${head}apply: { force: true }`, /Kind:"UpgradeConfiguration"\}: strict decoding error: unknown field "apply\.force"$/],
    [`${head}diff: { kubernetesVersion: v1, skipPhases: [] }`, /unknown field "diff\.skipPhases"/],
    [
      `${head}apply: { dryRun: "yes" }`,
      /cannot unmarshal string into Go struct field UpgradeApplyConfiguration\.apply\.dryRun of type bool$/,
    ],
    [`${head}apply: { patches: { directory: p } }`, /^Error: patches\.directory: Invalid value: "p": path is not absolute$/],
    [`${head}diff: { contextLines: -1 }`, /diff\.contextLines: Invalid value: -1: must be greater than or equal to 0/],
    [head.replace('v1beta4', 'v1beta3'), /unknown configuration APIs: .*Version:"v1beta3", Kind:"UpgradeConfiguration"/],
    ['apiVersion: v1\nkind: Pod', /no UpgradeConfiguration found in the supplied config/],
  ];
  for (const [source, sentence] of cases) assert.throws(() => asked(source), sentence, source);
});

test("kubeadm's other documents are passed over, and upgrades go as usual", () =>
  assert.deepEqual(applyOptions(flags, read(head.replace('Upgrade', 'Init')), nothing), flags));
