//! The nodes of all readable versions of a tree, by hash. A node that a version no longer has stays until no readable
//! version has it.

use std::borrow::Cow;
use std::collections::hash_map::Entry;
use std::collections::{HashMap, VecDeque};
use std::convert::Infallible;

use fuel_merkle::common::Bytes32;
use fuel_merkle::sparse::in_memory::NodesTable;
use fuel_merkle::sparse::Primitive;
use fuel_merkle::storage::{StorageInspect, StorageMutate};

/// What changes to the nodes mean.
#[derive(Clone, Copy)]
pub enum Direction {
    /// Building the first version: nothing else is readable.
    Build,
    /// From the version before to this one.
    To(u64),
    /// From this version to the one before.
    BackFrom(u64),
}

struct Node {
    primitive: Primitive,
    /// The first version that had it, as far as known.
    born: u64,
    /// The first version since that doesn't have it.
    died: Option<u64>,
}

pub struct Nodes {
    nodes: HashMap<Bytes32, Node>,
    /// Nodes by the version at which they died, which increases.
    dead: VecDeque<(u64, Bytes32)>,
    pub direction: Direction,
}

impl Nodes {
    pub fn new() -> Self {
        Self { nodes: HashMap::new(), dead: VecDeque::new(), direction: Direction::Build }
    }

    #[cfg(test)]
    pub fn count(&self) -> usize {
        self.nodes.len()
    }

    /// Forgets nodes that only versions before `oldest` have.
    pub fn forget_before(&mut self, oldest: u64) {
        while let Some((died, hash)) = self.dead.front().copied().filter(|(died, _)| *died <= oldest) {
            self.dead.pop_front();
            // It may have come back, and died again, since.
            if self.nodes.get(&hash).is_some_and(|node| node.died == Some(died)) {
                self.nodes.remove(&hash);
            }
        }
    }
}

impl StorageInspect<NodesTable> for Nodes {
    type Error = Infallible;

    fn get(&self, hash: &Bytes32) -> Result<Option<Cow<'_, Primitive>>, Infallible> {
        Ok(self.nodes.get(hash).map(|node| Cow::Borrowed(&node.primitive)))
    }

    fn contains_key(&self, hash: &Bytes32) -> Result<bool, Infallible> {
        Ok(self.nodes.contains_key(hash))
    }
}

impl StorageMutate<NodesTable> for Nodes {
    fn replace(&mut self, hash: &Bytes32, primitive: &Primitive) -> Result<Option<Primitive>, Infallible> {
        match (self.nodes.entry(*hash), self.direction) {
            // What newer versions had or lost stays as it is.
            (Entry::Occupied(known), Direction::BackFrom(_)) => return Ok(Some(known.get().primitive)),
            (Entry::Occupied(mut known), _) => {
                known.get_mut().died = None;
                return Ok(Some(known.get().primitive));
            }
            (Entry::Vacant(place), direction) => {
                let (born, died) = match direction {
                    Direction::Build => (0, None),
                    Direction::To(version) => (version, None),
                    Direction::BackFrom(version) => (0, Some(version)),
                };
                place.insert(Node { primitive: *primitive, born, died });
                if let Some(version) = died {
                    self.dead.push_front((version, *hash));
                }
            }
        }
        Ok(None)
    }

    fn take(&mut self, hash: &Bytes32) -> Result<Option<Primitive>, Infallible> {
        let Entry::Occupied(mut known) = self.nodes.entry(*hash) else { return Ok(None) };
        let primitive = known.get().primitive;
        match self.direction {
            Direction::BackFrom(_) => {}
            Direction::To(version) if known.get().born < version => {
                known.get_mut().died = Some(version);
                self.dead.push_back((version, *hash));
            }
            // No sealed version ever had it.
            Direction::Build | Direction::To(_) => {
                known.remove();
            }
        }
        Ok(Some(primitive))
    }
}
