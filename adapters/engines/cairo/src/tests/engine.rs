use serde_json::{json, Value};
use starknet_types_core::felt::Felt;

use crate::diff::Changes;
use crate::engine::Engine;
use crate::error::{Code, EngineError};
use crate::genesis::{Genesis, GenesisClasses};
use crate::loader::Loader;
use crate::stack::on_deep_stack;

fn number(out: &mut Vec<u8>, value: &Felt) {
    let bytes = value.to_bytes_be();
    let digits = &bytes[bytes.iter().position(|byte| *byte != 0).unwrap_or(32)..];
    out.push(digits.len() as u8);
    out.extend_from_slice(digits);
}

fn felt(value: &Value) -> Felt {
    Felt::from_hex(value.as_str().unwrap()).unwrap()
}

/// A class as `adapters/cairo/sierraClass.ts` encodes it.
fn encode(class: &str) -> Vec<u8> {
    let class: Value = serde_json::from_str(class).unwrap();
    let mut out = Vec::new();
    let program = class["sierra_program"].as_array().unwrap();
    number(&mut out, &Felt::from(program.len()));
    program.iter().for_each(|each| number(&mut out, &felt(each)));
    let text = |out: &mut Vec<u8>, text: &Value| {
        number(out, &Felt::from(text.as_str().unwrap().len()));
        out.extend_from_slice(text.as_str().unwrap().as_bytes());
    };
    text(&mut out, &class["contract_class_version"]);
    for kind in ["CONSTRUCTOR", "EXTERNAL", "L1_HANDLER"] {
        let points = class["entry_points_by_type"][kind].as_array().unwrap();
        number(&mut out, &Felt::from(points.len()));
        for point in points {
            number(&mut out, &felt(&point["selector"]));
            number(&mut out, &Felt::from(point["function_idx"].as_u64().unwrap()));
        }
    }
    text(&mut out, &class["abi"]);
    out
}

fn chain() -> Value {
    json!({ "chainId": "TEST", "sequencer": "0xfee", "largest": 1_000_000_000, "burst": 1_000_000_000 })
}

fn create() -> Engine {
    let genesis: Genesis = serde_json::from_value(json!({
        "chain": chain(),
        "timestamp": 7,
        "deployer": "0x2cee",
        "gateway": "0x4c6f636b73746570",
        "accounts": { "0xa11ce": { "publicKey": "0x5", "balance": "0x64" } },
    }))
    .unwrap();
    let account = encode(include_str!("../../../../cairo/contracts/account.sierra.json"));
    let token = encode(include_str!("../../../../cairo/contracts/erc20.sierra.json"));
    let deployer = encode(include_str!("../../../../cairo/contracts/deployer.sierra.json"));
    let gateway = encode(include_str!("../../../../cairo/contracts/gateway.sierra.json"));
    let classes = GenesisClasses { account: &account, token: &token, deployer: &deployer, gateway: &gateway };
    Engine::create(&genesis, &classes).unwrap()
}

#[test]
fn begins_and_seals_blocks_one_after_the_other() {
    let mut engine = create();
    assert!(matches!(engine.seal(), Err(EngineError { code: Code::WrongState, .. })));
    assert!(matches!(engine.begin(2, 8), Err(EngineError { code: Code::WrongState, .. })));
    for number in 1..=12 {
        engine.begin(number, 7 + number).unwrap();
        assert!(matches!(engine.begin(number, 7), Err(EngineError { code: Code::WrongState, .. })));
        engine.seal().unwrap();
    }
    let stored = engine.state.slot(1_u64.into(), 2_u64.into());
    assert_eq!(stored, engine.versions.at(2).unwrap().head.header.block_hash);
}

#[test]
fn is_restored_from_what_its_diffs_say() {
    let mut engine = create();
    let mut diffs = vec![engine.genesis().unwrap().diff];
    for number in 1..=11 {
        engine.begin(number, 7 + number).unwrap();
        diffs.push(engine.seal().unwrap().diff);
    }
    let mut loader = Loader::new(&serde_json::from_value(chain()).unwrap()).unwrap();
    // What a store holds after these diffs: the newest value of every key.
    let mut stored = std::collections::BTreeMap::new();
    for diff in &diffs {
        let mut reader = crate::packed::Reader::new(diff);
        while !reader.is_done() {
            let key = crate::packed::Key::decode(reader.key().unwrap()).unwrap();
            reader.value().unwrap();
            stored.insert(key, reader.value().unwrap().unwrap().to_vec());
        }
    }
    let mut entries = Vec::new();
    for (key, value) in &stored {
        crate::packed::write_key(&mut entries, *key);
        crate::packed::write_value(&mut entries, Some(value));
    }
    loader.load(&entries).unwrap();
    let mut restored = loader.finish().unwrap();
    for diff in diffs.iter().rev() {
        restored.load_undo(diff).unwrap();
    }
    for number in 0..=11 {
        let (one, other) = (engine.versions.at(number).unwrap(), restored.versions.at(number).unwrap());
        assert_eq!(one.head, other.head);
        assert_eq!(one.world.root(), other.world.root());
        assert_eq!(other.world.root(), other.head.header.new_root);
        assert_eq!(engine.state_diff(number).unwrap(), restored.state_diff(number).unwrap());
    }
    for engine in [&mut engine, &mut restored] {
        engine.begin(12, 30).unwrap();
    }
    assert_eq!(engine.seal().unwrap().header, restored.seal().unwrap().header);
}

#[test]
fn refuses_a_state_of_another_root() {
    let diff = create().genesis().unwrap().diff;
    let (changes, _, head) = Changes::unpack(&diff).unwrap();
    let mut entries = Vec::new();
    for (address, change) in &changes.contracts {
        crate::packed::write_key(&mut entries, crate::packed::Key::Contract(*address));
        crate::packed::write_value(&mut entries, Some(&crate::packed::pack_contract(&change.new.unwrap())));
    }
    crate::packed::write_key(&mut entries, crate::packed::Key::Head);
    crate::packed::write_value(&mut entries, Some(&head.pack()));
    let mut loader = Loader::new(&serde_json::from_value(chain()).unwrap()).unwrap();
    loader.load(&entries).unwrap();
    assert!(matches!(loader.finish(), Err(EngineError { code: Code::RootMismatch, .. })));
}

#[test]
fn a_panic_is_an_error_and_no_end() {
    let result = on_deep_stack::<()>(|| panic!("as asked"));
    let EngineError { code, message } = result.unwrap_err();
    assert_eq!(code, Code::Panicked);
    assert!(message.contains("as asked"));
}
