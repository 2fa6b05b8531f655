import { describeEc2Contract } from './ec2-contract.ts';
import { sandboxWorld } from './sandbox-world.ts';

describeEc2Contract('the sandbox', sandboxWorld);
