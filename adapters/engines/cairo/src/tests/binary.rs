use starknet_api::core::ChainId;
use starknet_types_core::felt::Felt;

use crate::binary::{Malformed, Reader};
use crate::transaction::Transaction;

#[test]
fn a_number_has_one_encoding() {
    let felt = |bytes: &[u8]| Reader::new(bytes, 0).felt("it");
    assert_eq!(felt(&[0]), Ok(Felt::ZERO));
    assert_eq!(felt(&[2, 1, 0]), Ok(Felt::from(256)));
    for wrong in [&[1, 0][..], &[2, 0, 1], &[33], &[1], &[]] {
        assert!(felt(wrong).is_err());
    }
    let mut prime = vec![32, 8, 0, 0, 0, 0, 0, 0, 17];
    prime.resize(32, 0);
    prime.push(1);
    assert!(felt(&prime).is_err());
    prime[32] = 0;
    assert_eq!(felt(&prime), Ok(Felt::ZERO - Felt::ONE));
}

#[test]
fn a_list_is_no_longer_than_its_bytes() {
    assert_eq!(Reader::new(&[1, 2, 1, 5, 0], 0).felts(2, "it"), Ok(vec![Felt::from(5), Felt::ZERO]));
    assert!(Reader::new(&[8, 255, 255, 255, 255, 255, 255, 255, 255], 0).felts(9, "it").is_err());
    assert!(matches!(Reader::new(&[1, 2, 1, 5, 0], 0).felts(1, "it"), Err(Malformed::Oversized(_))));
    assert!(Reader::new(&[1, 2, 0xc3, 0x28], 0).text().is_err());
}

#[test]
fn bytes_that_are_no_transaction_are_refused_with_a_reason() {
    let code = |bytes: &[u8]| Transaction::decode(bytes, &ChainId::Other("TEST".into()), false).err().map(|r| r.code);
    assert_eq!(code(&[]), Some("undecodable"));
    assert_eq!(code(&[1, 0]), Some("unsupported"));
    assert_eq!(code(&[3, 3, 0]), Some("undecodable"));
    assert_eq!(code(&vec![3; 2 * 1024 * 1024 + 1]), Some("oversized"));
    // INVOKE, nothing but zeros: sender, nonce, bounds, tip, signature, calldata.
    assert_eq!(code(&[3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]), None);
    assert_eq!(code(&[3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]), Some("undecodable"));
}
