import { usualCertificatesDir } from '../layout.ts';
import type { ApplyOptions, InitOptions, JoinOptions, ResetOptions } from '../options.ts';
import type { Documents } from './documents.ts';
import { initOptions } from './init-options.ts';
import { joinOptions } from './join-options.ts';
import { resetOptions } from './reset-options.ts';
import { applyOptions, diffOptions, planOptions, upgradeNodeOptions } from './upgrade-options.ts';

const machine = {
  ...{ root: '/', apiserverBindPort: 6443, criSocket: '', dryRun: false, nodeName: 'node' },
  ...{ ignorePreflightErrors: [], skipPhases: [] },
};

const init: InitOptions = {
  ...machine,
  ...{ apiserverCertExtraSans: [], certDir: usualCertificatesDir, controlPlaneEndpoint: '', controllerManagerExtraArgs: [] },
  ...{ etcdServers: [], overlay: false, podNetworkCidr: '', serviceCidr: '', serviceDnsDomain: '', tokenTtl: 0, uploadCerts: false },
};

const join: JoinOptions = {
  ...machine,
  ...{ controlPlane: false, discoveryTokenCaCertHash: [], discoveryTokenUnsafeSkipCaVerification: false },
};

const reset: ResetOptions = { root: '/', criSocket: '', dryRun: false, force: false, ignorePreflightErrors: [] };

const upgrade: ApplyOptions = {
  ...{ root: '/', ignorePreflightErrors: [], certificateRenewal: true, dryRun: false, skipPhases: [] },
  ...{ force: false, printConfig: false, yes: false },
};

/** Looks at all documents of a file as the commands that they are for would. @throws Error as those do. */
export function validate(documents: Documents): void {
  const nothing = new Set<string>();
  if (documents.init || documents.cluster) initOptions(init, documents, nothing);
  if (documents.join) joinOptions(join, documents, nothing);
  if (documents.reset) resetOptions(reset, documents);
  if (documents.upgrade) {
    planOptions({ ...upgrade, output: 'text' }, documents);
    applyOptions(upgrade, documents, nothing);
    upgradeNodeOptions(upgrade, documents, nothing);
    diffOptions({ ...upgrade, contextLines: 3 }, documents);
  }
}
