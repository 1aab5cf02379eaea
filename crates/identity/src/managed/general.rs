//! Policies over all services, and those of IAM and Organizations.

use super::reading::{AUDIT, READ};
use super::statement::{Row, allow, allow_all_but, policy};

pub(super) const POLICIES: &[Row] = &[
    policy("AdministratorAccess", "Everything.", &[allow(&["*"])]),
    policy(
        "PowerUserAccess",
        "Everything but the management of users, groups, accounts and the organization.",
        &[
            allow_all_but(&["iam:*", "organizations:*", "account:*"]),
            allow(&[
                "account:GetAccountInformation",
                "account:GetPrimaryEmail",
                "account:ListRegions",
                "iam:CreateServiceLinkedRole",
                "iam:DeleteServiceLinkedRole",
                "iam:ListRoles",
                "organizations:DescribeEffectivePolicy",
                "organizations:DescribeOrganization",
            ]),
        ],
    ),
    policy("ReadOnlyAccess", "Reading everything, contents included.", &[allow(READ)]),
    policy(
        "SecurityAudit",
        "Reading configurations, for those who audit them.",
        &[allow(AUDIT), allow(&["apigateway:GET"]).on(API_CONFIGURATION)],
    ),
    policy(
        "IAMFullAccess",
        "Everything in IAM.",
        &[allow(&[
            "iam:*",
            "organizations:DescribeAccount",
            "organizations:DescribeOrganization",
            "organizations:DescribeOrganizationalUnit",
            "organizations:DescribePolicy",
            "organizations:ListChildren",
            "organizations:ListParents",
            "organizations:ListPolicies",
            "organizations:ListPoliciesForTarget",
            "organizations:ListRoots",
            "organizations:ListTargetsForPolicy",
        ])],
    ),
    policy(
        "IAMReadOnlyAccess",
        "Reading everything in IAM.",
        &[allow(&[
            "iam:GenerateCredentialReport",
            "iam:GenerateServiceLastAccessedDetails",
            "iam:Get*",
            "iam:List*",
            "iam:SimulateCustomPolicy",
            "iam:SimulatePrincipalPolicy",
        ])],
    ),
    policy(
        "IAMUserChangePassword",
        "Changing one's own password.",
        &[
            allow(&["iam:ChangePassword"]).on(&["arn:aws:iam::*:user/${aws:username}"]),
            allow(&["iam:GetAccountPasswordPolicy"]),
        ],
    ),
    policy(
        "IAMUserSSHKeys",
        "Managing one's own SSH keys.",
        &[allow(&[
            "iam:DeleteSSHPublicKey",
            "iam:GetSSHPublicKey",
            "iam:ListSSHPublicKeys",
            "iam:UpdateSSHPublicKey",
            "iam:UploadSSHPublicKey",
        ])
        .on(&["arn:aws:iam::*:user/${aws:username}"])],
    ),
    policy(
        "IAMSelfManageServiceSpecificCredentials",
        "Managing one's own service-specific credentials.",
        &[allow(&[
            "iam:CreateServiceSpecificCredential",
            "iam:DeleteServiceSpecificCredential",
            "iam:ListServiceSpecificCredentials",
            "iam:ResetServiceSpecificCredential",
            "iam:UpdateServiceSpecificCredential",
        ])
        .on(&["arn:aws:iam::*:user/${aws:username}"])],
    ),
    policy(
        "IAMAccessAnalyzerFullAccess",
        "Everything in Access Analyzer.",
        &[
            allow(&["access-analyzer:*"]),
            allow(&["iam:CreateServiceLinkedRole"]).when(
                r#"{"StringEquals": {"iam:AWSServiceName": "access-analyzer.amazonaws.com"}}"#,
            ),
            allow(ORGANIZATION_READ),
        ],
    ),
    policy(
        "IAMAccessAnalyzerReadOnlyAccess",
        "Reading in Access Analyzer.",
        &[allow(&[
            "access-analyzer:CheckAccessNotGranted",
            "access-analyzer:CheckNoNewAccess",
            "access-analyzer:CheckNoPublicAccess",
            "access-analyzer:Get*",
            "access-analyzer:List*",
            "access-analyzer:ValidatePolicy",
        ])],
    ),
    policy(
        "AWSOrganizationsFullAccess",
        "Everything in Organizations.",
        &[
            allow(&["organizations:*"]),
            allow(&[
                "account:DeleteAlternateContact",
                "account:GetAlternateContact",
                "account:GetContactInformation",
                "account:ListRegions",
                "account:PutAlternateContact",
                "account:PutContactInformation",
                "account:EnableRegion",
                "account:DisableRegion",
            ]),
            allow(&["iam:CreateServiceLinkedRole"])
                .when(r#"{"StringEquals": {"iam:AWSServiceName": "organizations.amazonaws.com"}}"#),
        ],
    ),
    policy(
        "AWSOrganizationsReadOnlyAccess",
        "Reading in Organizations.",
        &[allow(&[
            "account:GetAlternateContact",
            "account:GetContactInformation",
            "account:ListRegions",
            "organizations:Describe*",
            "organizations:List*",
        ])],
    ),
];

const ORGANIZATION_READ: &[&str] = &[
    "organizations:DescribeAccount",
    "organizations:DescribeOrganization",
    "organizations:DescribeOrganizationalUnit",
    "organizations:ListAccounts",
    "organizations:ListAccountsForParent",
    "organizations:ListAWSServiceAccessForOrganization",
    "organizations:ListChildren",
    "organizations:ListDelegatedAdministrators",
    "organizations:ListOrganizationalUnitsForParent",
    "organizations:ListParents",
    "organizations:ListRoots",
];

const API_CONFIGURATION: &[&str] = &[
    "arn:aws:apigateway:*::/apis",
    "arn:aws:apigateway:*::/apis/*/authorizers",
    "arn:aws:apigateway:*::/apis/*/authorizers/*",
    "arn:aws:apigateway:*::/apis/*/stages",
    "arn:aws:apigateway:*::/apis/*/stages/*",
    "arn:aws:apigateway:*::/domainnames",
    "arn:aws:apigateway:*::/domainnames/*",
    "arn:aws:apigateway:*::/restapis",
    "arn:aws:apigateway:*::/restapis/*",
    "arn:aws:apigateway:*::/vpclinks",
];
