//! The macro that makes a type the module of a component.

/// Makes a type that implements [`Module`](crate::Module) the module of a component.
///
/// To be called once in a crate: a second call is an error where the crate is built for WebAssembly. It does nothing where
/// the crate is not built for WebAssembly, so that unit tests run without a host. The [`filter`](macro@crate::filter) and [`map`](macro@crate::map) macros call it.
#[macro_export]
macro_rules! export {
    ($module:ty) => {
        // Elsewhere nothing calls the module; this keeps the compiler from calling it dead.
        #[cfg(not(target_arch = "wasm32"))]
        const _: fn(&$crate::Context) -> ::core::result::Result<($module, $crate::Plan), $crate::Error> =
            <$module as $crate::Module>::open;

        // A name that a crate can have once, so that the compiler points at a second module.
        #[cfg(target_arch = "wasm32")]
        #[doc(hidden)]
        #[allow(non_local_definitions, reason = "one for the whole crate")]
        #[macro_export]
        macro_rules! a_crate_exports_one_module {
            () => {};
        }

        #[cfg(target_arch = "wasm32")]
        const _: () = {
            ::std::thread_local! {
                static SLOT: ::std::cell::RefCell<::std::option::Option<$crate::private::Instance<$module>>> =
                    const { ::std::cell::RefCell::new(::std::option::Option::None) };
            }

            impl $crate::private::Slot for $module {
                fn slot() -> &'static ::std::thread::LocalKey<
                    ::std::cell::RefCell<::std::option::Option<$crate::private::Instance<Self>>>,
                > {
                    &SLOT
                }
            }

            type Component = $crate::private::Exported<$module>;
    $crate::bindings::export_component!(Component with_types_in $crate::bindings);
        };
    };
}
