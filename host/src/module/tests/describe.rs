//! What modules say of themselves.

use super::*;

#[test]
fn every_stock_module_describes_itself() {
    for name in Runtime::stock_modules() {
        let description = describe(&RUNTIME, &stock(name, &[])).expect(name);
        assert!(!description.summary.is_empty() && !description.parameters.is_empty(), "{name}: {description:?}");
        for parameter in &description.parameters {
            assert!(!parameter.text.is_empty() && parameter.value_type != "any", "{name}: {parameter:?}");
        }
    }
}

#[test]
fn the_parameters_of_a_filter_are_those_of_its_configuration() {
    let description = describe(&RUNTIME, &stock("where", &[])).expect("where");
    let [condition] = &description.parameters[..] else { panic!("one parameter: {description:?}") };
    assert_eq!((condition.name.as_str(), condition.value_type.as_str()), ("if", "string"));
    assert!(condition.required && condition.text.contains("delay > 30"), "{condition:?}");
}

#[test]
fn what_is_no_module_cannot_be_described() {
    assert!(error(describe(&RUNTIME, &stock("wher", &[]))).contains("no stock module \"wher\""));
}
