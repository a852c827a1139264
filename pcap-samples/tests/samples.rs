//! The committed captures are what the scripts say.

use std::fs;

use carelink_samples::{build_all, directory, scripts};

#[test]
fn committed_captures_are_built_from_their_scripts() {
    let temporary = tempfile::tempdir().unwrap();
    let scripts = scripts(directory()).unwrap();
    assert!(!scripts.is_empty());
    for script in &scripts {
        fs::copy(script, temporary.path().join(script.file_name().unwrap())).unwrap();
    }
    let built = build_all(temporary.path()).unwrap();
    assert_eq!(built.len(), scripts.len());
    for capture in built {
        let committed = directory().join(capture.file_name().unwrap());
        assert!(
            fs::read(&capture).unwrap() == fs::read(&committed).unwrap(),
            "{} is not what its script builds",
            committed.display()
        );
    }
}
