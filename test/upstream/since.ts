import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** What has changed in Kubernetes since the scripts were written, and how they read today. */
interface Change {
  readonly files: RegExp;
  readonly from: RegExp;
  readonly to: string;
}

const scripts = /^test\/cmd\/.*\.sh$/;

const changes: readonly Change[] = [
  // The harness goes on after a step that fails.
  { files: scripts, from: /^( *)set -o (errexit|nounset)$/gm, to: '$1:' },
  { files: /legacy-script\.sh$/, from: /^(KUBE_JUNIT_REPORT_DIR=.*|set -o .*)$/gm, to: '' },
  // Plugins, flags and words.
  { files: /test-cmd\.sh$/, from: /PersistentVolumeLabel,/g, to: '' },
  { files: scripts, from: /managedFields\[\*\]\.manager\}'/g, to: '$& --show-managed-fields' },
  { files: scripts, from: /--prune-whitelist/g, to: '--prune-allowlist' },
  { files: scripts, from: /--dry-run=true/g, to: '--dry-run=client' },
  { files: scripts, from: / --generator=service\/v1/g, to: '' },
  { files: scripts, from: /(run testmetadata.*?) --service-overrides=/g, to: '$1 --override-type=merge --overrides=' },
  { files: scripts, from: /'warning: deleting/g, to: "'Warning: deleting" },
  { files: scripts, from: /('service frontend-[24]' .*) 'default 80'/g, to: "$1 '<no value> 80'" },
  { files: /\/core\.sh$/, from: /tokenreview-v1beta1/g, to: 'tokenreview-v1' },
  { files: /\/exec\.sh$/, from: /(kubectl exec .*) date /g, to: '$1 -- date ' },
  { files: /\/get\.sh$/, from: /"(\/[^"]*?) 200( OK)?"/g, to: '"$1\\" status=\\"200 OK"' },
  { files: /\/get\.sh$/, from: /autoscaling\/v1\/namespaces/g, to: 'autoscaling/v2/namespaces' },
  { files: /\/discovery\.sh$/, from: /"singularName":""(?=,"namespaced":true,"kind":"ConfigMap")/g, to: '"singularName":"configmap"' },
  // Versions that are gone.
  { files: /\/proxy\.sh$/, from: /\/apis\/extensions\//g, to: '/apis/apps/' },
  { files: /\/authorization\.sh$/, from: /sar-v1beta1/g, to: 'sar-v1' },
  { files: /\/authorization\.sh$/, from: /authorization\.k8s\.io\/v1beta1/g, to: 'authorization.k8s.io/v1' },
  { files: scripts, from: /batch\/v1beta1/g, to: 'batch/v1' },
  {
    files: /legacy-script\.sh$/,
    from: /"\.spec\.targetCPUUtilizationPercentage"/g,
    to: '"(index .spec.metrics 0).resource.target.averageUtilization"',
  },
  { files: /\/save-config\.sh$/, from: /'autoscaling\/v1'/g, to: "'autoscaling/v2'" },
  { files: /csr\.yml$/, from: /v1beta1/g, to: 'v1' },
  { files: /csr\.yml$/, from: /^spec:/gm, to: 'spec:\n  signerName: kubernetes.io/kube-apiserver-client\n  usages: ["client auth"]' },
];

const folders = ['test/cmd', 'hack/testdata', 'hack/make-rules'];

/** Rewrites a copy of upstream's scripts, and of what they read, to the version we serve. */
export async function bringUpToDate(tree: string): Promise<void> {
  for (const folder of folders) {
    for (const entry of await readdir(join(tree, folder), { withFileTypes: true })) {
      if (!entry.isFile()) continue;
      const path = join(folder, entry.name);
      const text = await readFile(join(tree, path), 'utf8');
      const wanted = changes.filter(({ files }) => files.test(path));
      const today = withDefinitions(wanted.reduce((now, { from, to }) => now.replace(from, to), text));
      if (today !== text) await writeFile(join(tree, path), today);
    }
  }
}

/** What a definition in JSON, of the version that is gone, is made of. */
interface OldDefinition {
  apiVersion: string;
  spec: { version?: string; versions?: object[]; validation?: { openAPIV3Schema: object } };
}

const anything = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true };

/** Definitions of custom resources, each with its one version as it would be written now. */
function withDefinitions(text: string): string {
  const yaml = text.replace(/^apiVersion: apiextensions.k8s.io\/v1beta1$(.*?)^ {2}version: (\w+)$/gms, (_, between, version) => {
    const versions = [{ name: version, served: true, storage: true, schema: { openAPIV3Schema: anything } }];
    return `apiVersion: apiextensions.k8s.io/v1${between}  versions: ${JSON.stringify(versions)}`;
  });
  return yaml.replace(/(?<=<< ?__EOF__\n)\{.*?\n\}(?=\n__EOF__)/gs, (json) => {
    if (!json.includes('apiextensions.k8s.io/v1beta1')) return json;
    const { spec, ...rest }: OldDefinition = JSON.parse(json);
    const { version, validation = { openAPIV3Schema: anything }, ...kept } = spec;
    const schema = { openAPIV3Schema: { type: 'object', ...validation.openAPIV3Schema } };
    const versions = [{ name: version, served: true, storage: true, schema }];
    return JSON.stringify({ ...rest, apiVersion: 'apiextensions.k8s.io/v1', spec: { ...kept, versions } }, undefined, 2);
  });
}
