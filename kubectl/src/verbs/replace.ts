import { lastAppliedAnnotation, withLastApplied } from '../apply/plan.ts';
import { throwAll, UsageError, withSource } from '../errors.ts';
import { dryRunFlag, dryRunOf, outputFlags, resultPrinter } from '../printers/result.ts';
import { readDocuments } from '../resource/files.ts';
import { fileFlags, isNotFound, targetOf, untilGone } from '../resource/targets.ts';
import { defineVerb } from '../types.ts';
import { fieldValidationOf, validateFlag } from './write-flags.ts';

export const verb = defineVerb({
  usage: 'replace -f FILENAME [options]',
  flags: {
    ...fileFlags,
    ...outputFlags,
    ...dryRunFlag,
    ...validateFlag,
    'field-manager': { type: 'string', default: 'kubectl-replace', help: 'Name of the manager used to track field ownership.' },
    force: { type: 'bool', help: 'If true, immediately remove resources from API and bypass graceful deletion, and make them anew.' },
    'grace-period': { type: 'int', default: -1, help: 'Period of time in seconds given to the resource to terminate gracefully.' },
    'save-config': { type: 'bool', help: 'If true, the configuration of current object will be saved in its annotation.' },
    timeout: { type: 'duration', help: 'The length of time to wait before giving up on a delete of --force.' },
  },
  async run(context) {
    const { flags, cluster, shell } = context;
    if (flags.filename.length === 0) throw new UsageError('must specify --filename to replace', 'examples');
    const dryRun = dryRunOf(flags['dry-run']);
    const print = resultPrinter(context);
    const errors: unknown[] = [];
    for (const document of await readDocuments(flags.filename, flags.recursive, shell)) {
      try {
        const target = await targetOf(cluster, document);
        const { mapping, namespace, name = '', local, source } = target;
        const saved =
          flags['save-config'] || local.metadata.annotations?.[lastAppliedAnnotation] !== undefined ? withLastApplied(local) : local;
        const options = {
          fieldManager: flags['field-manager'],
          fieldValidation: fieldValidationOf(flags.validate),
          dryRun: dryRun === 'server',
        };
        if (dryRun === 'client') {
          print(saved, 'replaced');
        } else if (flags.force) {
          const grace = flags['grace-period'] >= 0 ? flags['grace-period'] : 0;
          await cluster.api.delete(mapping, { name, namespace }, { gracePeriodSeconds: grace }).catch((error: unknown) => {
            if (!isNotFound(error)) throw error;
          });
          await untilGone(cluster, shell, target, flags.timeout || -1);
          print(await cluster.api.create(mapping, saved, options), 'replaced');
        } else {
          print(
            await cluster.api
              .update(mapping, saved, options)
              .catch((error: unknown) => Promise.reject(withSource(error, 'replacing', source))),
            'replaced',
          );
        }
      } catch (error) {
        errors.push(error);
      }
    }
    throwAll(errors);
  },
});
