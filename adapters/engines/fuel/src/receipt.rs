//! The receipt of an applied transaction, in the encoding that `adapters/fuel/receipt.ts` describes.

use fuel_vm::fuel_tx::{Input, Output, Receipt, ScriptExecutionResult};
use fuel_vm::fuel_types::Bytes32;
use fuel_vm::state::ProgramState;

use crate::coin::{encode_pointer, encode_utxo};

const VERSION: u8 = 1;

pub struct Outcome<'a> {
    pub succeeded: bool,
    pub gas: u64,
    pub fee: u64,
    pub state: ProgramState,
    pub receipts_root: Bytes32,
    pub inputs: &'a [Input],
    pub outputs: &'a [Output],
    pub receipts: &'a [Receipt],
}

impl Outcome<'_> {
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Bytes(vec![VERSION, u8::from(!self.succeeded)]);
        out.u64(self.gas).u64(self.fee);
        match &self.state {
            ProgramState::Return(value) => out.u8(0).u64(*value),
            ProgramState::ReturnData(digest) => out.u8(1).raw(digest),
            ProgramState::Revert(value) => out.u8(2).u64(*value),
            // A debugger's; nobody debugs here.
            _ => out.u8(2).u64(0),
        };
        out.raw(&self.receipts_root);
        out.u32(self.inputs.len() as u32);
        for input in self.inputs {
            out.input(input);
        }
        out.u32(self.outputs.len() as u32);
        for output in self.outputs {
            out.output(output);
        }
        out.u32(self.receipts.len() as u32);
        for receipt in self.receipts {
            out.receipt(receipt);
        }
        out.0
    }
}

struct Bytes(Vec<u8>);

impl Bytes {
    fn u8(&mut self, value: u8) -> &mut Self {
        self.0.push(value);
        self
    }

    fn u32(&mut self, value: u32) -> &mut Self {
        self.raw(&value.to_be_bytes())
    }

    fn u64(&mut self, value: u64) -> &mut Self {
        self.raw(&value.to_be_bytes())
    }

    fn raw(&mut self, bytes: impl AsRef<[u8]>) -> &mut Self {
        self.0.extend_from_slice(bytes.as_ref());
        self
    }

    fn data(&mut self, data: Option<impl AsRef<[u8]>>) -> &mut Self {
        match data {
            None => self.u32(u32::MAX),
            Some(data) => self.u32(data.as_ref().len() as u32).raw(data),
        }
    }

    fn input(&mut self, input: &Input) {
        match input {
            Input::Contract(contract) => {
                self.u8(1).raw(encode_utxo(&contract.utxo_id)).raw(contract.balance_root).raw(contract.state_root);
                self.raw(encode_pointer(contract.tx_pointer));
            }
            other => {
                self.u8(0).raw(encode_pointer(other.tx_pointer().copied().unwrap_or_default()));
            }
        }
    }

    fn output(&mut self, output: &Output) {
        match output {
            Output::Coin { to, amount, asset_id } => self.u8(0).raw(to).u64(*amount).raw(asset_id),
            Output::Contract(contract) => {
                self.u8(1).raw(contract.input_index.to_be_bytes()).raw(contract.balance_root).raw(contract.state_root)
            }
            Output::Change { to, amount, asset_id } => self.u8(2).raw(to).u64(*amount).raw(asset_id),
            Output::Variable { to, amount, asset_id } => self.u8(3).raw(to).u64(*amount).raw(asset_id),
            Output::ContractCreated { contract_id, state_root } => self.u8(4).raw(contract_id).raw(state_root),
        };
    }

    fn receipt(&mut self, receipt: &Receipt) {
        match receipt {
            Receipt::Call { id, to, amount, asset_id, gas, param1, param2, pc, is } => {
                self.u8(0).raw(id).raw(to).u64(*amount).raw(asset_id).u64(*gas).u64(*param1).u64(*param2);
                self.u64(*pc).u64(*is)
            }
            Receipt::Return { id, val, pc, is } => self.u8(1).raw(id).u64(*val).u64(*pc).u64(*is),
            Receipt::ReturnData { id, ptr, len, digest, pc, is, data } => {
                self.u8(2).raw(id).u64(*ptr).u64(*len).raw(digest).u64(*pc).u64(*is).data(data.as_deref())
            }
            Receipt::Panic { id, reason, pc, is, contract_id } => {
                self.u8(3).raw(id).u64((*reason).into()).u64(*pc).u64(*is).u8(u8::from(contract_id.is_some()));
                match contract_id {
                    Some(contract) => self.raw(contract),
                    None => self,
                }
            }
            Receipt::Revert { id, ra, pc, is } => self.u8(4).raw(id).u64(*ra).u64(*pc).u64(*is),
            Receipt::Log { id, ra, rb, rc, rd, pc, is } => {
                self.u8(5).raw(id).u64(*ra).u64(*rb).u64(*rc).u64(*rd).u64(*pc).u64(*is)
            }
            Receipt::LogData { id, ra, rb, ptr, len, digest, pc, is, data } => {
                self.u8(6).raw(id).u64(*ra).u64(*rb).u64(*ptr).u64(*len).raw(digest);
                self.u64(*pc).u64(*is).data(data.as_deref())
            }
            Receipt::Transfer { id, to, amount, asset_id, pc, is } => {
                self.u8(7).raw(id).raw(to).u64(*amount).raw(asset_id).u64(*pc).u64(*is)
            }
            Receipt::TransferOut { id, to, amount, asset_id, pc, is } => {
                self.u8(8).raw(id).raw(to).u64(*amount).raw(asset_id).u64(*pc).u64(*is)
            }
            Receipt::ScriptResult { result, gas_used } => self.u8(9).u64(script_result(result)).u64(*gas_used),
            Receipt::MessageOut { sender, recipient, amount, nonce, len, digest, data } => self
                .u8(10)
                .raw(sender)
                .raw(recipient)
                .u64(*amount)
                .raw(nonce)
                .u64(*len)
                .raw(digest)
                .data(data.as_deref()),
            Receipt::Mint { sub_id, contract_id, val, pc, is } => {
                self.u8(11).raw(sub_id).raw(contract_id).u64(*val).u64(*pc).u64(*is)
            }
            Receipt::Burn { sub_id, contract_id, val, pc, is } => {
                self.u8(12).raw(sub_id).raw(contract_id).u64(*val).u64(*pc).u64(*is)
            }
        };
    }
}

fn script_result(result: &ScriptExecutionResult) -> u64 {
    (*result).into()
}
