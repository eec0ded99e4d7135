import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { InitOptions, JoinOptions } from '../options.ts';
import { readDocuments } from './documents.ts';
import { initOptions } from './init-options.ts';
import { joinOptions } from './join-options.ts';
import { longPeriods } from './periods.ts';

const flags: InitOptions = {
  ...{ root: '/', apiserverBindPort: 6443, apiserverCertExtraSans: [], certDir: '/etc/kubernetes/pki', controlPlaneEndpoint: '' },
  ...{ controllerManagerExtraArgs: [], criSocket: '', dryRun: false, etcdServers: [], ignorePreflightErrors: ['Swap'], nodeName: 'box' },
  ...{ overlay: false, podNetworkCidr: '10.244.0.0/16', serviceCidr: '10.96.0.0/12', serviceDnsDomain: 'cluster.local' },
  ...{ skipPhases: [], tokenTtl: 1000, uploadCerts: false },
};
const joinFlags: JoinOptions = {
  ...{ root: '/', apiserverBindPort: 6443, controlPlane: false, criSocket: '', discoveryTokenCaCertHash: [], dryRun: false },
  ...{ discoveryTokenUnsafeSkipCaVerification: false, ignorePreflightErrors: [], nodeName: 'box', skipPhases: [] },
};
const nothing = new Set<string>();
const head = (kind: string, version = 'v1beta4'): string => `apiVersion: kubeadm.k8s.io/${version}\nkind: ${kind}\n`;
const read = (source: string): ReturnType<typeof readDocuments> => readDocuments(source, { foreign: 'pass over' });
const init = (source: string): InitOptions => initOptions(flags, read(source), nothing);

test('an InitConfiguration says what flags say of the machine', () => {
  const options = init(`${head('InitConfiguration')}
bootstrapTokens:
- token: abcdef.0123456789abcdef
  ttl: 1h0m0s
  description: for the second
- {}
localAPIEndpoint: { advertiseAddress: 192.0.2.1, bindPort: 7443 }
nodeRegistration:
  name: Node-1
  criSocket: /run/containerd/containerd.sock
  taints: []
  kubeletExtraArgs: [{ name: node-labels, value: a=b }, { name: v, value: "2" }]
  ignorePreflightErrors: [NumCPU]
skipPhases: [preflight, addon/coredns]
certificateKey: ${'ab'.repeat(32)}
dryRun: true
patches: { directory: /p }
`);
  const { bootstrapTokens = [], ...others } = options;
  assert.deepEqual(
    bootstrapTokens.map(({ token, ttl, description }) => [token, ttl, description]),
    [
      ['abcdef.0123456789abcdef', 3_600_000, 'for the second'],
      [undefined, 86_400_000, undefined],
    ],
  );
  assert.deepEqual(bootstrapTokens[1]?.usages, ['signing', 'authentication']);
  assert.deepEqual([others.apiserverAdvertiseAddress, others.apiserverBindPort, others.nodeName], ['192.0.2.1', 7443, 'node-1']);
  assert.deepEqual([others.criSocket, others.taints, others.dryRun], ['unix:///run/containerd/containerd.sock', [], true]);
  assert.deepEqual(others.kubeletExtraArgs, ['node-labels=a=b', 'v=2']);
  assert.deepEqual([others.ignorePreflightErrors, others.skipPhases, others.patches], [['Swap', 'NumCPU'], ['addon'], '/p']);
});

test('a ClusterConfiguration says what the machines agree on', () => {
  const options = init(`${head('ClusterConfiguration')}
clusterName: blue
controlPlaneEndpoint: api.example.com
certificatesDir: /srv/pki
networking: { podSubnet: 10.1.0.0/16, serviceSubnet: 10.2.0.0/16, dnsDomain: blue.local }
apiServer: { certSANs: [API.example.com], extraArgs: [{ name: audit-log-path, value: "-" }] }
controllerManager: { extraArgs: [{ name: v, value: "4" }] }
scheduler: { extraArgs: [{ name: v, value: "5" }] }
etcd: { external: { endpoints: ["https://e:2379"], caFile: /a, certFile: /b, keyFile: /c } }
proxy: { disabled: true }
dns: { disabled: true }
certificateValidityPeriod: 26280h0m0s
---
apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
maxPods: 50
`);
  assert.equal(options.controlPlaneEndpoint, 'api.example.com:6443');
  assert.deepEqual([options.clusterName, options.certDir, options.serviceDnsDomain], ['blue', '/srv/pki', 'blue.local']);
  assert.deepEqual([options.podNetworkCidr, options.serviceCidr], ['10.1.0.0/16', '10.2.0.0/16']);
  assert.deepEqual([options.apiserverCertExtraSans, options.apiServerExtraArgs], [['api.example.com'], ['audit-log-path=-']]);
  assert.deepEqual([options.controllerManagerExtraArgs, options.schedulerExtraArgs], [['v=4'], ['v=5']]);
  assert.deepEqual([options.etcdServers, options.etcdCafile, options.etcdKeyfile], [['https://e:2379'], '/a', '/c']);
  assert.deepEqual([options.certificateDays, options.authorityDays], [1095, undefined]);
  assert.deepEqual([options.kubeProxyDisabled, options.dnsDisabled, options.kubeletConfiguration?.maxPods], [true, true, 50]);
});

test('certificates that are good for longer than usual are warned of', () => {
  assert.deepEqual(longPeriods({ certificateDays: 365, authorityDays: 3650 }), []);
  assert.deepEqual(longPeriods({ certificateDays: 730, authorityDays: 7300 }), [
    'WARNING: certificateValidityPeriod: the value 17520h0m0s is more than the recommended default for certificate expiration: 8760h0m0s',
    'WARNING: caCertificateValidityPeriod: the value 175200h0m0s is more than the recommended default for CA certificate expiration: 87600h0m0s',
  ]);
});

test('v1beta3 writes arguments as maps', () => {
  const source = `${head('ClusterConfiguration', 'v1beta3')}scheduler: { extraArgs: { v: "5" } }\napiServer: { timeoutForControlPlane: 9m0s }\n`;
  assert.deepEqual(init(source).schedulerExtraArgs, ['v=5']);
  assert.deepEqual(read(source).all[0]?.ineffective, ['ClusterConfiguration.apiServer.timeoutForControlPlane']);
  assert.throws(
    () => read(`${head('ClusterConfiguration')}scheduler: { extraArgs: { v: "5" } }\n`),
    /json: cannot unmarshal object into Go struct field ControlPlaneComponent\.scheduler\.extraArgs of type \[\]v1beta4\.Arg$/,
  );
});

test('what is valid and changes nothing is told, unless it is what it is usually', () => {
  const { all } = read(`${head('InitConfiguration')}
nodeRegistration: { imagePullPolicy: IfNotPresent }
timeouts: { discovery: 5m0s, tlsBootstrap: 9m0s }
---
${head('ClusterConfiguration')}
apiServer: {}
imageRepository: registry.k8s.io
etcd: { local: { dataDir: /var/lib/etcd, extraArgs: [{ name: a, value: b }] } }
`);
  assert.deepEqual(
    all.flatMap(({ ineffective }) => ineffective),
    ['InitConfiguration.timeouts.tlsBootstrap', 'ClusterConfiguration.etcd.local.extraArgs'],
  );
});

test('what is no such file is refused in the words of kubeadm', () => {
  const cases: readonly (readonly [string, RegExp])[] = [
    [
      `${head('InitConfiguration')}nodeRegistration: { patches: {} }`,
      /error unmarshaling configuration schema\.GroupVersionKind\{Group:"kubeadm\.k8s\.io", Version:"v1beta4", Kind:"InitConfiguration"\}: strict decoding error: unknown field "nodeRegistration\.patches"/,
    ],
    [`${head('ClusterConfiguration')}etcd: { local: { dataDirectory: /e } }`, /unknown field "etcd\.local\.dataDirectory"/],
    [
      `${head('InitConfiguration')}localAPIEndpoint: { bindPort: "1" }`,
      /Kind:"InitConfiguration"\}: json: cannot unmarshal string into Go struct field APIEndpoint\.localAPIEndpoint\.bindPort of type int32$/,
    ],
    [head('ResetConfiguration', 'v1beta3'), /unknown configuration APIs: .*Version:"v1beta3", Kind:"ResetConfiguration"/],
    [`${head('InitConfiguration')}---\n${head('InitConfiguration')}`, /kind "InitConfiguration" is specified twice in YAML file/],
    ['kind: InitConfiguration', /kind and apiVersion is mandatory information that must be specified/],
    [
      head('MasterConfiguration'),
      /unknown configuration APIs: \[\]schema\.GroupVersionKind\{schema\.GroupVersionKind\{.*Kind:"MasterConfiguration"\}\}/,
    ],
    [
      head('InitConfiguration', 'v1beta2'),
      /uses an old API spec: "kubeadm\.k8s\.io\/v1beta2" \(kind: "InitConfiguration"\)\. Please use kubeadm v1\.22 instead/,
    ],
    ['apiVersion: kubelet.config.k8s.io/v1\nkind: KubeletConfiguration', /unknown configuration APIs/],
    ['a: [', /error converting YAML to JSON: yaml: /],
    [head('JoinConfiguration'), /no InitConfiguration or ClusterConfiguration kind was found in the YAML file/],
    [
      `${head('ClusterConfiguration')}kubernetesVersion: v1.20.1`,
      /only supports deploying clusters with the control plane version >= 1\.35\.0\. Current version: v1\.20\.1/,
    ],
    [
      `${head('ClusterConfiguration')}networking: { podSubnet: x, serviceSubnet: 10.0.0.1/8 }`,
      /^Error: \[networking\.podSubnet: Invalid value: "x": .*, networking\.serviceSubnet: Invalid value: /,
    ],
    [
      `${head('InitConfiguration')}bootstrapTokens: [{ token: x }]`,
      /bootstrapTokens\[0\]\.token: Invalid value: "": the bootstrap token was not of the form/,
    ],
    [`${head('ClusterConfiguration')}etcd: { local: {}, external: {} }`, /mutually exclusive/],
    [
      `${head('ClusterConfiguration')}certificateValidityPeriod: 0s`,
      /certificateValidityPeriod: Invalid value: "0s": must be greater than 0$/,
    ],
  ];
  for (const [source, sentence] of cases) assert.throws(() => init(source), sentence, source);
});

test('documents of others are passed over by init, and refused where a file is validated', () => {
  const source = `${head('InitConfiguration')}---\napiVersion: example.com/v1\nkind: Thing\n`;
  assert.equal(read(source).all[1]?.kind, 'example.com/v1, Kind=Thing');
  assert.throws(() => readDocuments(source, { foreign: 'refuse' }), /unknown configuration APIs: .*Group:"example\.com"/);
});

test('a JoinConfiguration says how the cluster is found and what the machine becomes', () => {
  const hash = `sha256:${'a'.repeat(64)}`;
  const { endpoint, options } = joinOptions(
    joinFlags,
    read(`${head('JoinConfiguration')}
discovery: { bootstrapToken: { token: abcdef.0123456789abcdef, apiServerEndpoint: "10.0.0.1:6443", caCertHashes: ["${hash}"] } }
controlPlane: { certificateKey: k, localAPIEndpoint: { bindPort: 7443 } }
nodeRegistration: { name: two, taints: [{ key: a, effect: NoSchedule }] }
`),
    new Set(['nodeName']),
  );
  assert.equal(endpoint, '10.0.0.1:6443');
  assert.deepEqual([options.token, options.discoveryTokenCaCertHash], ['abcdef.0123456789abcdef', [hash]]);
  assert.deepEqual([options.controlPlane, options.certificateKey, options.apiserverBindPort], [true, 'k', 7443]);
  assert.deepEqual(
    [options.nodeName, options.taints],
    ['box', [{ key: 'a', effect: 'NoSchedule' }]],
    'the command line has the last word on the name',
  );
});

test('a JoinConfiguration that leads nowhere is refused', () => {
  const token = 'token: abcdef.0123456789abcdef, apiServerEndpoint: "h:1"';
  const cases: readonly (readonly [string, RegExp])[] = [
    ['', /discovery: Invalid value: "": bootstrapToken or file must be set/],
    [`discovery: { bootstrapToken: { ${token} } }`, /using token-based discovery without caCertHashes can be unsafe/],
    [`discovery: { bootstrapToken: { ${token}, caCertHashes: ["md5:1"] } }`, /caCertHashes\[0\]: Invalid value: "md5:1"/],
    ['discovery: { file: { kubeConfigPath: /k } }', /discovery\.tlsBootstrapToken: Required value/],
    ['discovery: { bootstrapToken: { unsafeSkipCAVerification: true } }', /bootstrapToken\.token: .*apiServerEndpoint: /],
  ];
  for (const [body, sentence] of cases) {
    assert.throws(() => joinOptions(joinFlags, read(`${head('JoinConfiguration')}${body}\n`), nothing), sentence, body);
  }
  assert.throws(
    () => joinOptions(joinFlags, read(head('InitConfiguration')), nothing),
    /no JoinConfiguration found in the supplied config/,
  );
});
