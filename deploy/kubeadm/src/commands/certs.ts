import { Refusal, usualValidity } from '@keelson/deploy-local';
import { Command } from 'commander';
import { checkAbsolute, Problems } from '../config/fields.ts';
import type { ClusterForm } from '../config/forms.ts';
import { loadDocuments } from '../config/load.ts';
import { validityOf } from '../config/periods.ts';
import { type Layout, layoutOf, usualCertificatesDir } from '../layout.ts';
import { type ClusterSettings, loadMachine, machineLayout } from '../machine.ts';
import { newCertificateKey } from '../objects/uploaded-certs.ts';
import { type OutputForm, rendered } from '../output.ts';
import { authorityNames, type Renewable, readerOf, renewables } from '../renewal/certificates.ts';
import { authorityOf, certificateOf, expiresAt } from '../renewal/files.ts';
import { renewOne } from '../renewal/renew.ts';
import { generateRequests } from '../renewal/requests.ts';
import { type Expiration, expirationInfo, renderExpirations } from '../renewal/table.ts';
import { absolute, type CommandDeps, machineCommand, outputOption } from './command.ts';

interface CertsOptions {
  readonly root: string;
  /** The machine's, when absent. */
  readonly certDir?: string;
  readonly config?: string;
}

interface RequestOptions {
  readonly root: string;
  /** The machine's, when absent. */
  readonly certDir?: string;
  readonly kubeconfigDir?: string;
}

interface CheckOptions extends CertsOptions {
  readonly output: OutputForm;
}

/** `kubeadm certs check-expiration|renew|generate-csr|certificate-key`. */
export function certsCommand(deps: CommandDeps): Command {
  return new Command('certs')
    .alias('certificates')
    .description('Certificates of a control plane')
    .addCommand(
      onCertificates('check-expiration', 'Show when each certificate ends')
        .addOption(outputOption())
        .action((options: CheckOptions) => check(options, deps)),
    )
    .addCommand(
      onCertificates('renew', 'Make certificates again, with the same subjects and names and new dates')
        .argument('<name>', `all, or one of ${renewables.map(({ name }) => name).join(', ')}`)
        .action((name: string, options: CertsOptions) => renew(name, options, deps)),
    )
    .addCommand(
      machineCommand('generate-csr', 'Make keys, and requests for their certificates, for an authority that is kept elsewhere')
        .option('--cert-dir <dir>', "where keys and requests go (default: the machine's certificates)", absolute)
        .option('--kubeconfig-dir <dir>', 'where kubeconfigs without certificates go (default: /etc/kubernetes)', absolute)
        .action((options: RequestOptions) => generate(options, deps)),
    )
    .addCommand(
      new Command('certificate-key')
        .description('Print a new key for init --upload-certs')
        .action(() => deps.print(`${newCertificateKey()}\n`)),
    );
}

function onCertificates(name: string, description: string): Command {
  return machineCommand(name, description)
    .option('--cert-dir <dir>', 'directory of the certificates (default: that of the machine)', absolute)
    .option(
      '--config <file>',
      'documents that say so, and how long certificates are good for (default: what this machine was set up with)',
    );
}

interface Place {
  readonly layout: Layout;
  /** How many days certificates are good for. */
  readonly days: number;
}

/** Where the certificates are, by flag, by file, by what the machine was set up with. */
async function placeOf({ root, certDir, config }: CertsOptions): Promise<Place> {
  const { certificatesDir, certificateDays: days } = config === undefined ? await fromMachine(root) : await fromFile(config);
  return { layout: layoutOf(root, certDir ?? certificatesDir), days };
}

type Settled = Pick<ClusterSettings, 'certificatesDir' | 'certificateDays'>;

const usual: Settled = { certificatesDir: usualCertificatesDir, certificateDays: usualValidity.certificateDays };

async function fromMachine(root: string): Promise<Settled> {
  return (await loadMachine(root))?.cluster ?? usual;
}

async function fromFile(path: string): Promise<Settled> {
  const { cluster } = await loadDocuments(path, { foreign: 'pass over' });
  if (!cluster) throw new Refusal(`no ClusterConfiguration found in ${path}`);
  const { certificatesDir }: ClusterForm = cluster;
  const problems = new Problems();
  checkAbsolute(certificatesDir, 'certificatesDir', problems);
  const validity = validityOf(cluster, problems);
  problems.refuse();
  return { ...usual, ...(certificatesDir ? { certificatesDir } : {}), ...validity };
}

async function check(options: CheckOptions, { clock, print }: CommandDeps): Promise<void> {
  const { layout } = await placeOf(options);
  const authorities = await Promise.all(authorityNames.map((name) => authorityExpiration(layout, name)));
  const certificates = renewables.map(async ({ name, ca }): Promise<Expiration> => {
    const certPem = await certificateOf(layout, name);
    const external = authorities.some((authority) => authority.name === ca && authority.external);
    return { name, ca, external, expires: certPem === undefined ? undefined : expiresAt(certPem) };
  });
  const found = [await Promise.all(certificates), authorities, clock.now()] as const;
  const { output } = options;
  print(output === 'text' ? renderExpirations(...found) : rendered(output, 'CertificateExpirationInfo', expirationInfo(...found)));
}

async function authorityExpiration(layout: Layout, name: string): Promise<Expiration> {
  const authority = await authorityOf(layout, name);
  return { name, expires: authority && expiresAt(authority.certPem), external: authority !== undefined && authority.keyPem === undefined };
}

async function renew(name: string, options: CertsOptions, deps: CommandDeps): Promise<void> {
  const wanted = name === 'all' ? renewables : renewables.filter((one) => one.name === name);
  if (wanted.length === 0) {
    throw new Refusal(
      `${name} is not a valid certificate for this cluster: use all, or one of ${renewables.map((one) => one.name).join(', ')}`,
    );
  }
  const { layout, days } = await placeOf(options);
  const say = (line: string): void => deps.print(`${line}\n`);
  const renewed: Renewable[] = [];
  for (const one of wanted) if (await renewOne(one, layout, { clock: deps.clock, days, say })) renewed.push(one);
  const readers = [...new Set(renewed.flatMap((one) => readerOf(one.name) ?? []))];
  const last = readers.pop();
  if (last === undefined) return;
  const all = readers.length === 0 ? last : `${readers.join(', ')} and ${last}`;
  deps.print(`\nDone renewing certificates. You must restart the ${all}, so that they can use the new certificates.\n`);
}

async function generate({ root, certDir, kubeconfigDir }: RequestOptions, { print }: CommandDeps): Promise<void> {
  const machine = await loadMachine(root);
  if (machine?.role !== 'control-plane') throw new Refusal(`this machine is no control plane: nothing below ${root} says so`);
  const layout = machineLayout(machine);
  const to = { pki: certDir ?? layout.pki, kubeconfigs: kubeconfigDir ?? layout.kubernetes };
  await generateRequests(machine, { layout, to, say: (line) => print(`${line}\n`) });
}
