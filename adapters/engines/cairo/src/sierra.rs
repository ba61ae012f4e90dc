//! Sierra classes as they are encoded, and what they compile to.

use std::panic::{catch_unwind, AssertUnwindSafe};

use blockifier::execution::contract_class::RunnableCompiledClass;
use cairo_lang_starknet_classes::casm_contract_class::CasmContractClass;
use cairo_lang_starknet_classes::contract_class as compiler;
use cairo_lang_utils::bigint::BigUintAsHex;
use starknet_api::contract_class::compiled_class_hash::{HashVersion, HashableCompiledClass};
use starknet_api::contract_class::{ContractClass, EntryPointType, SierraVersion};
use starknet_api::core::{ClassHash, CompiledClassHash, EntryPointSelector};
use starknet_api::rpc_transaction::EntryPointByType;
use starknet_api::state::{EntryPoint, FunctionIndex, SierraContractClass};

use crate::binary::{Malformed, Reader, MAX_PROGRAM};

/// Felts of CASM that a class may have, as on Starknet.
const MAX_BYTECODE: usize = 81_920;

/// A class with its encoding.
pub struct Sierra {
    pub class: SierraContractClass,
    pub hash: ClassHash,
    pub encoded: Vec<u8>,
}

impl Sierra {
    pub fn read(bytes: &[u8], reader: &mut Reader<'_>) -> Result<Self, Malformed> {
        let start = reader.offset();
        let class = read_class(reader)?;
        let encoded = bytes[start..reader.offset()].to_vec();
        Ok(Self { hash: class.calculate_class_hash(), class, encoded })
    }

    /// A class that stands alone.
    pub fn decode(bytes: &[u8]) -> Result<Self, Malformed> {
        let mut reader = Reader::new(bytes, 0);
        let sierra = Self::read(bytes, &mut reader)?;
        reader.end()?;
        Ok(sierra)
    }
}

fn read_class(reader: &mut Reader<'_>) -> Result<SierraContractClass, Malformed> {
    let entry_points = |reader: &mut Reader<'_>| {
        reader.list(usize::MAX, |reader| {
            let selector = EntryPointSelector(reader.felt("a selector")?);
            let index = reader.u64("a function's index")?;
            if index >= 1 << 53 {
                return Err("a function's index is too large".into());
            }
            Ok(EntryPoint { selector, function_idx: FunctionIndex(index as usize) })
        })
    };
    Ok(SierraContractClass {
        sierra_program: reader.felts(MAX_PROGRAM, "an element of the program")?,
        contract_class_version: reader.text()?,
        entry_points_by_type: EntryPointByType {
            constructor: entry_points(reader)?,
            external: entry_points(reader)?,
            l1handler: entry_points(reader)?,
        },
        abi: reader.text()?,
    })
}

/// What a class is run as.
pub struct Compiled {
    pub casm: CasmContractClass,
    pub version: SierraVersion,
    pub runnable: RunnableCompiledClass,
    /// Blake2s, as of Starknet 0.14.1.
    pub hash: CompiledClassHash,
}

/// Compiles a class. What it says depends on the class alone, so a panic of the compiler is a refusal like any other.
pub fn compile(class: &SierraContractClass) -> Result<Compiled, String> {
    catch_unwind(AssertUnwindSafe(|| try_compile(class)))
        .unwrap_or_else(|_| Err("the compiler doesn't get through it".into()))
}

fn try_compile(class: &SierraContractClass) -> Result<Compiled, String> {
    let version = SierraVersion::extract_from_program(&class.sierra_program).map_err(|error| error.to_string())?;
    let source = compiler::ContractClass {
        sierra_program: class.sierra_program.iter().map(|felt| BigUintAsHex { value: felt.to_biguint() }).collect(),
        sierra_program_debug_info: None,
        contract_class_version: class.contract_class_version.clone(),
        entry_points_by_type: compiler::ContractEntryPoints {
            external: compiler_entry_points(class, EntryPointType::External),
            l1_handler: compiler_entry_points(class, EntryPointType::L1Handler),
            constructor: compiler_entry_points(class, EntryPointType::Constructor),
        },
        abi: None,
    };
    let program = source.extract_sierra_program(false).map_err(|error| error.to_string())?;
    let casm = CasmContractClass::from_contract_class(source, program, true, MAX_BYTECODE)
        .map_err(|error| error.to_string())?;
    let runnable = RunnableCompiledClass::try_from(ContractClass::V1((casm.clone(), version.clone())))
        .map_err(|error| error.to_string())?;
    let hash = casm.hash(&HashVersion::V2);
    Ok(Compiled { casm, version, runnable, hash })
}

fn compiler_entry_points(class: &SierraContractClass, kind: EntryPointType) -> Vec<compiler::ContractEntryPoint> {
    let points = &class.entry_points_by_type;
    let points = match kind {
        EntryPointType::Constructor => &points.constructor,
        EntryPointType::External => &points.external,
        EntryPointType::L1Handler => &points.l1handler,
    };
    points
        .iter()
        .map(|EntryPoint { selector, function_idx }| compiler::ContractEntryPoint {
            selector: selector.0.to_biguint(),
            function_idx: function_idx.0,
        })
        .collect()
}
