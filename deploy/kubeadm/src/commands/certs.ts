import { Refusal } from '@keelson/deploy-local';
import { Command } from 'commander';
import { type Layout, layoutOf } from '../layout.ts';
import { loadMachine, machineLayout } from '../machine.ts';
import { newCertificateKey } from '../objects/uploaded-certs.ts';
import { authorityNames, type Renewable, readerOf, renewables } from '../renewal/certificates.ts';
import { authorityOf, certificateOf, expiresAt } from '../renewal/files.ts';
import { renewOne } from '../renewal/renew.ts';
import { type Expiration, renderExpirations } from '../renewal/table.ts';
import { absolute, type CommandDeps, machineCommand } from './command.ts';

interface CertsOptions {
  readonly root: string;
  /** The machine's, when absent. */
  readonly certDir?: string;
}

/** `kubeadm certs check-expiration|renew|certificate-key`. */
export function certsCommand(deps: CommandDeps): Command {
  return new Command('certs')
    .alias('certificates')
    .description('Certificates of a control plane')
    .addCommand(
      onCertificates('check-expiration', 'Show when each certificate ends').action((options: CertsOptions) => check(options, deps)),
    )
    .addCommand(
      onCertificates('renew', 'Make certificates again, with the same subjects and names and new dates')
        .argument('<name>', `all, or one of ${renewables.map(({ name }) => name).join(', ')}`)
        .action((name: string, options: CertsOptions) => renew(name, options, deps)),
    )
    .addCommand(
      new Command('certificate-key')
        .description('Print a new key for init --upload-certs')
        .action(() => deps.print(`${newCertificateKey()}\n`)),
    );
}

function onCertificates(name: string, description: string): Command {
  return machineCommand(name, description).option(
    '--cert-dir <dir>',
    'directory of the certificates (default: that of the machine)',
    absolute,
  );
}

async function layoutFor({ root, certDir }: CertsOptions): Promise<Layout> {
  const machine = certDir === undefined ? await loadMachine(root) : undefined;
  return machine ? machineLayout(machine) : layoutOf(root, certDir);
}

async function check(options: CertsOptions, { clock, print }: CommandDeps): Promise<void> {
  const layout = await layoutFor(options);
  const authorities = await Promise.all(authorityNames.map((name) => authorityExpiration(layout, name)));
  const certificates = renewables.map(async ({ name, ca }): Promise<Expiration> => {
    const certPem = await certificateOf(layout, name);
    const external = authorities.some((authority) => authority.name === ca && authority.external);
    return { name, ca, external, expires: certPem === undefined ? undefined : expiresAt(certPem) };
  });
  print(renderExpirations(await Promise.all(certificates), authorities, clock.now()));
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
  const layout = await layoutFor(options);
  const say = (line: string): void => deps.print(`${line}\n`);
  const renewed: Renewable[] = [];
  for (const one of wanted) if (await renewOne(one, layout, { clock: deps.clock, say })) renewed.push(one);
  const readers = [...new Set(renewed.flatMap((one) => readerOf(one.name) ?? []))];
  const last = readers.pop();
  if (last === undefined) return;
  const all = readers.length === 0 ? last : `${readers.join(', ')} and ${last}`;
  deps.print(`\nDone renewing certificates. You must restart the ${all}, so that they can use the new certificates.\n`);
}
