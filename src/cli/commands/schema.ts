import { jsonSchema } from '../../config/index.ts';
import type { Command } from '../command.ts';
import { EXIT } from '../exit-codes.ts';

export const schema: Command = {
  name: 'schema',
  operands: '',
  about: 'print the JSON Schema of the configuration, for editors',
  options: [],
  async run(io) {
    io.out(`${JSON.stringify(jsonSchema(), null, 2)}\n`);
    return EXIT.ok;
  },
};
