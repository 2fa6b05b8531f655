import type { AgentSpec } from '../../agent/index.ts';
import { formatProblem } from '../../config/index.ts';
import { CONFIG_OPTION, type Command } from '../command.ts';
import { EXIT } from '../exit-codes.ts';
import { compileConfig, configFile, readConfig } from '../load.ts';

export const validate: Command = {
  name: 'validate',
  operands: '[FILE]',
  about: 'say everything that is wrong with a configuration, with line and column',
  options: [CONFIG_OPTION],
  notes: [
    'Needs no instance and no AWS: instance facts such as ${az} are stood in for. ${env:NAME} has to be set.',
    'Exits 0 when the configuration is good (warnings go to standard error), else 78.',
  ],
  async run(io, options) {
    const source = await readConfig(io, options.operands[0] ?? configFile(io, options));
    const { spec, warnings } = compileConfig(io, source, 'placeholder');
    for (const warning of warnings) io.err(`warning: ${formatProblem(warning)}\n`);
    const routes = spec.tableGroups.reduce((sum, group) => sum + group.routes.length, 0);
    io.out(
      `${source.file}: good: ${spec.checks.length} checks, ${spec.remoteChecks.length} remote checks, ` +
        `${spec.tableGroups.length} groups of route tables, ${routes} managed routes${announced(spec)}\n`,
    );
    return EXIT.ok;
  },
};

function announced({ announcer }: AgentSpec): string {
  if (announcer === undefined) return '';
  const prefixes = new Set(announcer.routes.map((route) => route.prefix));
  return `, ${prefixes.size} prefixes for ${announcer.backend.speaker.peers.length} peers`;
}
