import { describeEc2Contract } from '../contract/ec2-contract.ts';
import { MOTO_FAULTS } from '../contract/moto-faults.ts';
import { motoWorld } from '../contract/moto-world.ts';

describeEc2Contract('moto', motoWorld, MOTO_FAULTS);
