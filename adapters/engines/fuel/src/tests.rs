use fuel_vm::fuel_asm::op;
use fuel_vm::fuel_crypto::{PublicKey, SecretKey};
use fuel_vm::fuel_merkle::binary::root_calculator::MerkleRootCalculator;
use fuel_vm::fuel_tx::policies::Policies;
use fuel_vm::fuel_tx::{Input, Output, Signable, Transaction, UtxoId, Witness};
use fuel_vm::fuel_types::canonical::Serialize;
use fuel_vm::fuel_types::{Address, AssetId, Bytes32, ChainId};

use crate::engine::{Engine, Environment, Sealed};
use crate::error::Code;
use crate::execute::Executed;
use crate::header::Head;
use crate::key;
use crate::loader::Loader;
use crate::merkle::{self, Peaks};
use crate::params::ChainConfig;
use crate::refusal::Refusal;
use crate::state::{Base, Change, Overlay};
use crate::transaction::decode;

const COINS: u64 = 300;
const AMOUNT: u64 = 1_000_000_000;
const CHAIN: u64 = 7;

fn base_asset() -> AssetId {
    AssetId::from([9; 32])
}

fn config() -> ChainConfig {
    ChainConfig {
        chain_id: CHAIN,
        base_asset_id: base_asset(),
        fee_recipient: [0xfe; 32].into(),
        gas_price: 1,
        block_gas: 200_000_000,
        transaction_gas: 100_000_000,
    }
}

fn secret() -> SecretKey {
    SecretKey::try_from(&[9u8; 32][..]).unwrap()
}

fn owner() -> Address {
    Input::owner(&PublicKey::from(&secret()))
}

fn chain() -> (Engine, Sealed) {
    let coin = [owner().as_ref(), base_asset().as_ref(), &AMOUNT.to_be_bytes()].concat();
    Engine::create(config(), 5, &coin.repeat(COINS as usize), &op::ret(1).to_bytes()).unwrap()
}

fn genesis_utxo(number: u64) -> UtxoId {
    let mut id = [0; 32];
    id[24..].copy_from_slice(&number.to_be_bytes());
    UtxoId::new(id.into(), 0)
}

fn transfer(number: u64, to: Address) -> Vec<u8> {
    let inputs = vec![Input::coin_signed(genesis_utxo(number), owner(), AMOUNT, base_asset(), Default::default(), 0)];
    let outputs = vec![Output::coin(to, 1000, base_asset()), Output::change(owner(), 0, base_asset())];
    let script = op::ret(1).to_bytes().to_vec();
    let policies = Policies::new().with_max_fee(1_000_000);
    let mut transaction =
        Transaction::script(1000, script, vec![], policies, inputs, outputs, vec![Witness::default()]);
    transaction.sign_inputs(&secret(), &ChainId::new(CHAIN));
    Transaction::from(transaction).to_bytes()
}

fn begin(engine: &mut Engine) {
    let number = engine.next_height();
    let time = 5 + u64::from(number);
    engine.begin(&Environment { number, time, shared_height: u64::from(number), shared_header: [3; 32] }).unwrap();
}

fn run(engine: &mut Engine, bytes: &[u8]) -> Result<Executed, Refusal> {
    engine.execute_at(0, bytes).unwrap()
}

/// Seals a block with these transactions.
fn block(engine: &mut Engine, transactions: &[Vec<u8>]) -> Sealed {
    begin(engine);
    for bytes in transactions {
        run(engine, bytes).unwrap();
    }
    engine.seal().unwrap()
}

/// All that is stored, packed for a loader.
fn stored(engine: &Engine) -> Vec<u8> {
    let mut out = Vec::new();
    for (key, value) in engine.base.iter() {
        lockstep_host::packed::write_key(&mut out, key);
        lockstep_host::packed::write_value(&mut out, Some(value));
    }
    out
}

#[test]
fn binary_roots_are_those_of_fuel() {
    let mut calculator = MerkleRootCalculator::new();
    let mut peaks = Peaks::default();
    assert_eq!(peaks.root(), calculator.clone().root());
    for i in 0..70u32 {
        calculator.push(&i.to_be_bytes());
        peaks.push(merkle::leaf(&i.to_be_bytes()));
        assert_eq!(peaks.root(), calculator.clone().root(), "{i}");
        assert_eq!(Peaks::new(u64::from(i) + 1, peaks.hashes().to_vec()), Some(peaks.clone()));
    }
}

#[test]
fn prev_root_is_over_the_ids_of_all_blocks_before() {
    let (mut engine, genesis) = chain();
    let mut calculator = MerkleRootCalculator::new();
    calculator.push(&genesis.head.id);
    for number in 0..5u64 {
        let before = engine.head.peaks.root();
        assert_eq!(before, calculator.clone().root());
        let sealed = block(&mut engine, &[transfer(number, [1; 32].into())]);
        assert_eq!(sealed.block[65..97], before);
        calculator.push(&sealed.head.id);
    }
}

#[test]
fn an_overlay_goes_back_to_any_mark() {
    let base = Base::default();
    let mut overlay = Overlay::default();
    let name = |letter: u8| key::key(letter, &[]);
    overlay.set(&base, name(1), Some(vec![1].into()));
    let mark = overlay.mark();
    overlay.set(&base, name(1), None);
    overlay.set(&base, name(2), Some(vec![2, 2].into()));
    overlay.set(&base, name(2), Some(vec![3].into()));
    assert_eq!(overlay.get_at(mark, &name(1)).flatten().map(|value| value[0]), Some(1));
    assert_eq!(overlay.get_at(mark, &name(2)), None);
    overlay.revert_to(mark);
    assert_eq!(overlay.bytes(), 2);
    let changes = overlay.take_changes(&base);
    assert_eq!(changes, vec![Change { key: name(1), before: None, after: Some(vec![1].into()) }]);
}

#[test]
fn a_refused_transaction_leaves_no_trace() {
    let (mut engine, _) = chain();
    let (mut other, _) = chain();
    begin(&mut engine);
    run(&mut engine, &transfer(0, [1; 32].into())).unwrap();
    assert_eq!(run(&mut engine, &transfer(0, [2; 32].into())).err().unwrap().code, "insufficient_funds");
    let mut forged = transfer(1, [1; 32].into());
    let at = forged.len() - 20;
    forged[at] ^= 1;
    assert_eq!(run(&mut engine, &forged).err().unwrap().code, "bad_signature");
    let sealed = engine.seal().unwrap();
    let alone = block(&mut other, &[transfer(0, [1; 32].into())]);
    assert_eq!((sealed.head, sealed.diff), (alone.head, alone.diff));
}

#[test]
fn checkpoints_nest() {
    let (mut engine, _) = chain();
    let (mut other, _) = chain();
    begin(&mut engine);
    run(&mut engine, &transfer(0, [1; 32].into())).unwrap();
    let outer = engine.checkpoint().unwrap();
    run(&mut engine, &transfer(1, [1; 32].into())).unwrap();
    let inner = engine.checkpoint().unwrap();
    run(&mut engine, &transfer(2, [1; 32].into())).unwrap();
    engine.commit(inner).unwrap();
    engine.revert(outer).unwrap();
    assert_eq!(engine.revert(inner).err().unwrap().code, Code::BadCheckpoint);
    let sealed = engine.seal().unwrap();
    let alone = block(&mut other, &[transfer(0, [1; 32].into())]);
    assert_eq!((sealed.head, sealed.diff, sealed.receipts), (alone.head, alone.diff, alone.receipts));
}

#[test]
fn a_loaded_engine_goes_on_and_reads_the_past() {
    let (mut engine, genesis) = chain();
    let mut diffs = vec![genesis.diff];
    for number in 0..270 {
        diffs.push(block(&mut engine, &[transfer(number, [number as u8; 32].into())]).diff);
    }
    let mut loader = Loader::new(config());
    loader.load(&stored(&engine)).unwrap();
    let mut loaded = loader.finish().unwrap();
    let taken = diffs.iter().rev().take_while(|diff| loaded.load_undo(diff).unwrap()).count();
    assert_eq!(taken, 255);
    for number in [15, 16, 100, 270] {
        for coin in [0, 14, 15, 99, 269, 270] {
            let key = key::coin(&genesis_utxo(coin));
            assert_eq!(loaded.value(number, &key).unwrap(), engine.value(number, &key).unwrap());
            assert_eq!(loaded.value(number, &key).unwrap().is_some(), coin >= u64::from(number));
        }
        let [old, new] = [&engine, &loaded].map(|engine| engine.balance(number, &owner(), &base_asset()).unwrap());
        assert_eq!(old, new);
    }
    assert_eq!(engine.value(14, &[key::HEAD]).err().unwrap().code, Code::HeightUnavailable);
    let next = transfer(280, [1; 32].into());
    let [old, new] = [&mut engine, &mut loaded].map(|engine| block(engine, std::slice::from_ref(&next)));
    assert_eq!((old.head, old.diff), (new.head, new.diff));
}

#[test]
fn a_loaded_state_must_be_whole() {
    let (engine, _) = chain();
    let mut entries = stored(&engine);
    let mut loader = Loader::new(config());
    let coin = entries.windows(3).position(|window| window == [0, 35, key::COIN]).unwrap();
    // The amount of a coin: behind key, length, owner and asset.
    entries[coin + 2 + 35 + 4 + 64] ^= 1;
    loader.load(&entries).unwrap();
    assert_eq!(loader.finish().err().unwrap().code, Code::RootMismatch);
    assert!(Loader::new(config()).finish().is_err());
    assert!(Head::decode(&[0; 77]).is_err());
}

#[test]
fn bytes_that_count_too_much_are_refused_before_there_is_room_for_them() {
    let good = transfer(0, [1; 32].into());
    assert!(decode(&good).is_ok());
    for word in 6..12 {
        let mut bytes = good.clone();
        bytes[8 * word..8 * word + 8].copy_from_slice(&(90u64 << 20).to_be_bytes());
        assert_eq!(decode(&bytes).err().unwrap().code, "undecodable", "word {word}");
    }
    for cut in 0..good.len() {
        assert_eq!(decode(&good[..cut]).err().unwrap().code, "undecodable");
    }
}

#[test]
fn only_the_canonical_encoding_is_taken() {
    let good = transfer(0, [1; 32].into());
    // The script is four bytes long, and four zeros follow it.
    let padding = good.windows(8).position(|window| window == [0x24, 4, 0, 0, 0, 0, 0, 0]).unwrap() + 7;
    let mut bytes = good.clone();
    bytes[padding] = 1;
    assert_eq!(decode(&bytes).err().unwrap().code, "undecodable");
}

#[test]
fn every_byte_that_changes_is_refused_or_changes_the_id_or_is_malleable() {
    let (mut engine, _) = chain();
    let good = transfer(0, [1; 32].into());
    let id = engine.inspect(&good, true).map_err(|refusal| refusal.message).unwrap().id;
    for at in 0..good.len() {
        let mut bytes = good.clone();
        bytes[at] ^= 0x40;
        if let Ok(facts) = engine.inspect(&bytes, true) {
            // Same id: receipts root, transaction pointer, or amount of change.
            assert_eq!(facts.id, id, "byte {at}");
        }
    }
    assert_ne!(id, Bytes32::zeroed());
}
